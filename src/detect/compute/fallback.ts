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
} from '../../contract/compute.ts'
import type { Counter, Given } from '../../contract/plugin.ts'
import { reasonOf } from '../../runtime/errors.ts'
import { DeviceLostError } from './plan/device-lost.ts'
import { checkMatrix } from './plan/shapes.ts'

/**
 * A device that may be lost, and what comes after it: the call that met the loss is done again on the next device, all
 * references are held there again when they are next used. So each is kept in this process's memory once more. Results
 * of two devices differ within the tolerances of docs/compute.md; the change is logged and counted.
 */
export class FallbackKernels implements Kernels {
  #current: Kernels
  readonly #next: () => Promise<Kernels>
  readonly #given: Given
  readonly #fallbacks: Counter
  #change: Promise<void> | undefined

  /** `next` opens what comes after a lost device; called again should that be lost too. */
  constructor(current: Kernels, next: () => Promise<Kernels>, given: Given) {
    this.#current = current
    this.#next = next
    this.#given = given
    this.#fallbacks = given.metrics.counter(
      'modelward_compute_fallbacks_total',
      'Compute devices that were lost and replaced by another',
      ['from', 'to'],
    )
  }

  get device(): string {
    return this.#current.device
  }

  async hold(references: Matrix): Promise<Held> {
    checkMatrix(references, 'references')
    const held = new FallbackHeld({ ...references, values: references.values.slice() })
    await this.#call((kernels) => held.on(kernels))
    return held
  }

  async topK(queries: Matrix, references: Held, k: number): Promise<Neighbours> {
    const held = heldHere(references)
    return this.#call(async (kernels) => kernels.topK(queries, await held.on(kernels), k))
  }

  async rff(inputs: Matrix, plan: FourierPlan, into?: Int8Array): Promise<Features> {
    return this.#call((kernels) => kernels.rff(inputs, plan, into))
  }

  async mmdPermute(test: PermutationTest): Promise<PermutationResult> {
    return this.#call((kernels) => kernels.mmdPermute(test))
  }

  async ksPsi(reference: Held, current: Matrix): Promise<ColumnDistances> {
    const held = heldHere(reference)
    return this.#call(async (kernels) => kernels.ksPsi(await held.on(kernels), current))
  }

  async mlpScore(inputs: Matrix, layers: readonly Layer[]): Promise<Float32Array> {
    return this.#call((kernels) => kernels.mlpScore(inputs, layers))
  }

  async mlpTrain(samples: Matrix, start: readonly Layer[], plan: TrainPlan): Promise<readonly Layer[]> {
    return this.#call((kernels) => kernels.mlpTrain(samples, start, plan))
  }

  async moments(inputs: Matrix): Promise<Moments> {
    return this.#call((kernels) => kernels.moments(inputs))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#current[Symbol.asyncDispose]()
  }

  async #call<T>(use: (kernels: Kernels) => Promise<T>): Promise<T> {
    for (;;) {
      const kernels = this.#current
      try {
        return await use(kernels)
      } catch (error) {
        if (!(error instanceof DeviceLostError)) throw error
        // Calls that meet the same loss wait for one change.
        if (kernels === this.#current) await (this.#change ??= this.#replace(error))
      }
    }
  }

  async #replace(loss: DeviceLostError): Promise<void> {
    const lost = this.#current
    try {
      const next = await this.#next()
      const change = { from: lost.device, to: next.device }
      this.#given.log.warn('compute device lost; going on with another', { ...change, reason: reasonOf(loss) })
      this.#fallbacks.add(1, change)
      this.#current = next
      await letGo(lost)
    } finally {
      this.#change = undefined
    }
  }
}

/** References with their matrix, held on whichever device is in use. */
class FallbackHeld implements Held {
  readonly rows: number
  readonly columns: number
  #matrix: Matrix | undefined
  #on: { readonly kernels: Kernels; readonly held: Promise<Held> } | undefined

  constructor(matrix: Matrix) {
    this.rows = matrix.rows
    this.columns = matrix.columns
    this.#matrix = matrix
  }

  async on(kernels: Kernels): Promise<Held> {
    if (!this.#matrix) throw new RangeError('these references were let go')
    if (this.#on?.kernels !== kernels) this.#on = { kernels, held: kernels.hold(this.#matrix) }
    return this.#on.held
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#matrix = undefined
    const held = this.#on?.held
    this.#on = undefined
    if (held) await letGo(held)
  }
}

/** A lost device may fail once more when it is let go. */
async function letGo(lost: AsyncDisposable | Promise<AsyncDisposable>): Promise<void> {
  try {
    await (await lost)[Symbol.asyncDispose]()
  } catch (error) {
    if (!(error instanceof DeviceLostError)) throw error
  }
}

function heldHere(held: Held): FallbackHeld {
  if (!(held instanceof FallbackHeld)) throw new RangeError('these references are held by another device')
  return held
}
