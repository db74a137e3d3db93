"""queries references columns rounds -> CPU seconds of each exact nearest-neighbour search by faiss-cpu on one thread."""
import sys
import time

import faiss
import numpy

queries, references, columns, rounds = map(int, sys.argv[1:5])
faiss.omp_set_num_threads(1)
random = numpy.random.default_rng(1)
index = faiss.IndexFlatL2(columns)
index.add(random.standard_normal((references, columns), dtype=numpy.float32))
wanted = random.standard_normal((queries, columns), dtype=numpy.float32)
index.search(wanted, 1)
for _ in range(rounds):
    start = time.process_time()
    index.search(wanted, 1)
    print(time.process_time() - start)
