import { parentPort, workerData } from 'node:worker_threads'
import { reasonOf, RefusedError } from '../../../runtime/errors.ts'
import { TensorKernels } from './kernels.ts'
import type { Answer, Greeting, Question, ThreadOptions } from './orders.ts'
import { loadTensorFlow } from './tensorflow.ts'

/* The thread that TensorFlow blocks while it computes: orders in, results out. */

const { folder } = workerData as ThreadOptions

function say(word: Answer | Greeting): void {
  parentPort?.postMessage(word)
}

try {
  const { tf, version, gpu } = loadTensorFlow(folder)
  const kernels = new TensorKernels(tf)
  parentPort?.on('message', ({ id, order }: Question) => {
    try {
      say({ id, result: kernels.do(order) })
    } catch (error) {
      say({ id, failure: reasonOf(error), range: error instanceof RangeError })
    }
  })
  say({ version, gpu })
} catch (error) {
  say({ refused: error instanceof RefusedError ? error.message : reasonOf(error) })
}
