import { Worker } from 'node:worker_threads'
import type {
  ColumnDistances,
  Features,
  FourierPlan,
  Held,
  Kernels,
  Layer,
  Matrix,
  Moments,
  Neighbours,
  PermutationResult,
  PermutationTest,
  TrainPlan,
} from '../../../contract/compute.ts'
import type { Given } from '../../../contract/plugin.ts'
import { reasonOf, RefusedError } from '../../../runtime/errors.ts'
import { DeviceLostError } from '../plan/device-lost.ts'
import * as shapes from '../plan/shapes.ts'
import type { Answer, Greeting, Order, Question, Result, ThreadOptions } from './orders.ts'

export interface TfjsOptions {
  /** A folder whose node_modules has `@tensorflow/tfjs-node-gpu`; without it the package is looked for beside modelward. */
  readonly folder?: string
}

/**
 * The kernels through TensorFlow.js and the C library of TensorFlow, in a thread of their own: matrix products, top-k and
 * elementwise arithmetic there, everything that counts or must be exact in TypeScript. Throws RefusedError with what is
 * missing and where it is told how to get it; docs/tfjs-node-gpu.md.
 */
export async function openTfjs(given: Given, options: TfjsOptions = {}): Promise<TfjsKernels> {
  // Read by the C library when it loads. Products in TF32 would be a thousand times less exact than the kernels promise.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'
  process.env['NVIDIA_TF32_OVERRIDE'] = '0'
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'
  const workerData: ThreadOptions = { folder: options.folder }
  const worker = new Worker(new URL(file, import.meta.url), { name: 'modelward-tensorflow', workerData, execArgv: [] })
  const greeting = await new Promise<Greeting>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new RefusedError(`TensorFlow ended its thread with ${code} while loading`)))
  })
  if ('refused' in greeting) {
    await worker.terminate()
    throw new RefusedError(greeting.refused)
  }
  const kernels = new TfjsKernels(worker, greeting)
  given.log.info('TensorFlow loaded', { version: greeting.version, gpu: greeting.gpu })
  return kernels
}

interface Pending {
  readonly done: (result: Result) => void
  readonly failed: (error: Error) => void
}

class TfjsHeld implements Held {
  readonly rows: number
  readonly columns: number
  readonly owner: TfjsKernels
  /** The number under which the thread knows the references; undefined once they were let go. */
  number: number | undefined

  constructor(owner: TfjsKernels, { rows, columns }: Matrix, number: number) {
    this.owner = owner
    this.rows = rows
    this.columns = columns
    this.number = number
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { number } = this
    this.number = undefined
    if (number !== undefined) await this.owner.release(number)
  }
}

export class TfjsKernels implements Kernels {
  readonly device = 'tfjs-node-gpu'
  /** Version and where it computes, for people. */
  readonly what: string
  /** Whether TensorFlow found a GPU; without one the same package computes on the CPU. */
  readonly usesGpu: boolean
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  #next = 1
  #lost: DeviceLostError | undefined

  constructor(worker: Worker, { version, gpu }: { readonly version: string; readonly gpu: boolean }) {
    this.#worker = worker
    this.usesGpu = gpu
    this.what = `TensorFlow ${version} ${gpu ? 'on a GPU' : 'on the CPU: it found no GPU'}`
    worker.on('message', (answer: Answer) => this.#settle(answer))
    worker.on('error', (error) => this.#lose(`TensorFlow failed: ${reasonOf(error)}`))
    worker.on('exit', (code) => this.#lose(`the thread of TensorFlow ended with ${code}`))
    worker.unref()
  }

  async hold(references: Matrix): Promise<Held> {
    shapes.checkMatrix(references, 'references')
    const held = this.#next++
    await this.#ask({ does: 'hold', held, references })
    return new TfjsHeld(this, references, held)
  }

  async topK(queries: Matrix, references: Held, k: number): Promise<Neighbours> {
    shapes.checkTopK(queries, references, k)
    return (await this.#ask({ does: 'topK', queries, held: this.#own(references), k })) as Neighbours
  }

  async rff(inputs: Matrix, plan: FourierPlan, into?: Int8Array): Promise<Features> {
    shapes.checkFourier(inputs, plan, into)
    const found = (await this.#ask({ does: 'rff', inputs, plan })) as Features
    if (!into) return found
    into.set(found.values)
    return { ...found, values: into }
  }

  async mmdPermute(test: PermutationTest): Promise<PermutationResult> {
    shapes.checkPermutation(test)
    return (await this.#ask({ does: 'mmdPermute', test })) as PermutationResult
  }

  async ksPsi(reference: Held, current: Matrix): Promise<ColumnDistances> {
    shapes.checkColumnPair(reference, current)
    return (await this.#ask({ does: 'ksPsi', held: this.#own(reference), current })) as ColumnDistances
  }

  async mlpScore(inputs: Matrix, layers: readonly Layer[]): Promise<Float32Array> {
    shapes.checkLayers(inputs, layers)
    return (await this.#ask({ does: 'mlpScore', inputs, layers })) as Float32Array
  }

  async mlpTrain(samples: Matrix, start: readonly Layer[], plan: TrainPlan): Promise<readonly Layer[]> {
    shapes.checkTraining(samples, start, plan)
    return (await this.#ask({ does: 'mlpTrain', samples, start, plan })) as readonly Layer[]
  }

  async moments(inputs: Matrix): Promise<Moments> {
    shapes.checkMoments(inputs)
    return (await this.#ask({ does: 'moments', inputs })) as Moments
  }

  /** Lets references go; nothing where the thread has ended. */
  async release(held: number): Promise<void> {
    if (!this.#lost) await this.#ask({ does: 'release', held })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lose('the device was closed')
    await this.#worker.terminate()
  }

  #own(held: Held): number {
    if (!(held instanceof TfjsHeld) || held.owner !== this)
      throw new RangeError('these references are held by another device')
    if (held.number === undefined) throw new RangeError('these references were let go')
    return held.number
  }

  /** The thread keeps the process alive only while somebody waits for it. */
  #ask(order: Order): Promise<Result> {
    return new Promise((done, failed) => {
      if (this.#lost) {
        failed(this.#lost)
        return
      }
      const id = this.#next++
      this.#pending.set(id, { done, failed })
      this.#worker.ref()
      const question: Question = { id, order }
      this.#worker.postMessage(question)
    })
  }

  #settle(answer: Answer): void {
    const pending = this.#pending.get(answer.id)
    this.#pending.delete(answer.id)
    if (this.#pending.size === 0) this.#worker.unref()
    if ('result' in answer) pending?.done(answer.result)
    else if (answer.range) pending?.failed(new RangeError(answer.failure))
    else {
      // TensorFlow ran out of memory or worse: what it says later is not believed.
      pending?.failed(this.#lose(`TensorFlow failed: ${answer.failure}`))
      void this.#worker.terminate()
    }
  }

  #lose(reason: string): DeviceLostError {
    this.#lost ??= new DeviceLostError(reason)
    for (const { failed } of this.#pending.values()) failed(this.#lost)
    this.#pending.clear()
    return this.#lost
  }
}
