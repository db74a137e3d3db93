"""queries references columns rounds -> the card's name without spaces, then seconds of each nearest-neighbour search by
PyTorch in float32 (TF32 off) on the same card: product, half norms, minimum, in blocks of references; data resident."""
import sys

import torch

queries, references, columns, rounds = map(int, sys.argv[1:5])
if not torch.cuda.is_available():
    sys.exit("no CUDA device")
torch.backends.cuda.matmul.allow_tf32 = False
generator = torch.Generator(device="cuda").manual_seed(1)
held = torch.randn(references, columns, device="cuda", generator=generator)
wanted = torch.randn(queries, columns, device="cuda", generator=generator)
halves = (held * held).sum(1) / 2
BLOCK = 65536


def nearest():
    best = torch.full((queries,), float("inf"), device="cuda")
    rows = torch.zeros(queries, dtype=torch.long, device="cuda")
    for first in range(0, references, BLOCK):
        scores = halves[first : first + BLOCK] - wanted @ held[first : first + BLOCK].T
        least, at = scores.min(1)
        better = least < best
        best = torch.where(better, least, best)
        rows = torch.where(better, at + first, rows)
    return rows


nearest()
print(torch.cuda.get_device_name().replace(" ", "_"))
for _ in range(rounds):
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    nearest()
    end.record()
    torch.cuda.synchronize()
    print(start.elapsed_time(end) / 1000)
