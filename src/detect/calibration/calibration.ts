import { SMALLEST_P } from '../statistics/ladder.ts'

/** One benign value of a statistic, and whose it was. */
export interface Observed {
  readonly client: string
  readonly value: number
}

/** Fewer clients say nothing about a client that was not among them. */
const FEWEST_CLIENTS = 5
/** Values kept at most; beyond, each client keeps evenly spaced ones of its own. */
const MOST_VALUES = 20_000
/** Share of the clients' values from which a tail is extrapolated. */
const TAIL = 0.25
/** Fewer exceedances are no ground for a shape. */
const FEWEST_EXCEEDANCES = 10
/** Shapes of the tail: never thinner than exponential, never without a mean. */
const [THINNEST, HEAVIEST] = [0, 0.9]
/** The shape that is believed where too few values speak: heavy. */
const CAUTIOUS_SHAPE = 0.5

/** Beyond `from`, in the direction of the tail. */
interface Tail {
  readonly from: number
  readonly outermost: number
  readonly scale: number
  readonly shape: number
}

interface Stored {
  readonly clients: number
  readonly values: readonly number[]
  readonly weights: readonly number[]
}

/**
 * What a statistic is like while nothing is wrong, measured on clients that the reference had never seen. Each client
 * counts once, however many windows it has: with n clients, p(v) = (1 + sum over clients of the share of its values at
 * least v) / (n + 1), which a client exchangeable with them falls under with probability at most p (Lee, Barber, Willett
 * 2023, "Distribution-free inference with hierarchical data", arXiv 2306.06342, pooling by client).
 *
 * No count of clients reaches below 1/(n + 1). Beyond the outermost value p goes on from there along the generalised Pareto
 * tail of the outermost quarter (Pickands 1975; probability-weighted moments of Hosking and Wallis 1987), its shape held to
 * [0, 0.9] so that it is never thinner than exponential. `reach` says where measuring ends: what is smaller is believed,
 * not measured. p is in [1e-9, 1].
 */
export class Calibration {
  readonly clients: number
  /** Ascending. */
  readonly #values: Float64Array
  /** `#above[i]`: summed weight of values i and up; each client's weights add up to 1. */
  readonly #above: Float64Array
  readonly #weights: Float64Array
  readonly #highTail: Tail
  readonly #lowTail: Tail

  private constructor({ clients, values, weights }: Stored) {
    this.clients = clients
    this.#values = Float64Array.from(values)
    this.#weights = Float64Array.from(weights)
    this.#above = new Float64Array(values.length + 1)
    for (let i = values.length - 1; i >= 0; i--) this.#above[i] = (this.#above[i + 1] ?? 0) + (weights[i] ?? 0)
    this.#highTail = tailOf(this.#values, this.#weights)
    const mirrored = this.#values.map((value) => -value).reverse()
    this.#lowTail = tailOf(mirrored, this.#weights.slice().reverse())
  }

  /** Throws RangeError for fewer than 5 clients or a value that is no finite number. */
  static fit(observed: Iterable<Observed>): Calibration {
    const byClient = Map.groupBy(observed, ({ client }) => client)
    if (byClient.size < FEWEST_CLIENTS)
      throw new RangeError(`${FEWEST_CLIENTS} clients are needed to calibrate on, and there are ${byClient.size}`)
    const each = Math.max(1, Math.floor(MOST_VALUES / byClient.size))
    const pairs: { readonly value: number; readonly weight: number }[] = []
    for (const own of byClient.values()) {
      const values = thinned(
        own.map(({ value }) => value).toSorted((a, b) => a - b),
        each,
      )
      for (const value of values) {
        if (!Number.isFinite(value)) throw new RangeError('a value to calibrate on is no finite number')
        pairs.push({ value, weight: 1 / values.length })
      }
    }
    pairs.sort((a, b) => a.value - b.value)
    return new Calibration({
      clients: byClient.size,
      values: pairs.map(({ value }) => value),
      weights: pairs.map(({ weight }) => weight),
    })
  }

  /** The smallest p-value that was measured, not extrapolated. */
  get reach(): number {
    return 1 / (this.clients + 1)
  }

  /** p-value of a value this large. */
  high(value: number): number {
    const counted = (1 + (this.#above[firstAtLeast(this.#values, value)] ?? 0)) / (this.clients + 1)
    return within(counted * beyond(this.#highTail, value))
  }

  /** p-value of a value this small. */
  low(value: number): number {
    const below = (this.#above[0] ?? 0) - (this.#above[firstAbove(this.#values, value)] ?? 0)
    return within(((1 + below) / (this.clients + 1)) * beyond(this.#lowTail, -value))
  }

  /** The value that a typical client has: the weighted median. */
  get typical(): number {
    const half = (this.#above[0] ?? 0) / 2
    let at = 0
    while (at < this.#values.length - 1 && (this.#above[at + 1] ?? 0) > half) at++
    return this.#values[at] ?? 0
  }

  toJSON(): object {
    return { clients: this.clients, values: [...this.#values], weights: [...this.#weights] } satisfies Stored
  }

  /** Throws RangeError for what `toJSON` did not make. */
  static from(json: unknown): Calibration {
    const { clients, values, weights } = (json ?? {}) as Partial<Stored>
    const numbers = (list: unknown): list is readonly number[] => Array.isArray(list) && list.every(Number.isFinite)
    if (typeof clients !== 'number' || !numbers(values) || !numbers(weights) || values.length !== weights.length)
      throw new RangeError('this is no calibration')
    return new Calibration({ clients, values, weights })
  }
}

/** Evenly spaced order statistics, the outermost among them. */
function thinned(sorted: readonly number[], most: number): readonly number[] {
  if (sorted.length <= most) return sorted
  if (most === 1) return [sorted[sorted.length >> 1] ?? 0]
  return Array.from({ length: most }, (_, i) => sorted[Math.round((i * (sorted.length - 1)) / (most - 1))] ?? 0)
}

/** The upper tail of ascending values, each with its weight. */
function tailOf(values: Float64Array, weights: Float64Array): Tail {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let at = values.length
  let mass = 0
  while (at > 0 && mass < TAIL * total) mass += weights[--at] ?? 0
  const from = values[at] ?? 0
  const excess = Array.from(values.subarray(at + 1), (value) => value - from)
  return { from, outermost: values.at(-1) ?? 0, ...paretoOf(excess, weights.subarray(at + 1)) }
}

/** Scale and shape of weighted ascending exceedances, by probability-weighted moments. */
function paretoOf(
  excess: readonly number[],
  weights: Float64Array,
): { readonly scale: number; readonly shape: number } {
  let [mass, mean, moment] = [0, 0, 0]
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  for (const [i, value] of excess.entries()) {
    const weight = weights[i] ?? 0
    const rank = 1 - (mass + weight / 2) / total
    mass += weight
    mean += (weight * value) / total
    moment += (weight * value * rank) / total
  }
  if (!(mean > 0)) return { scale: 0, shape: CAUTIOUS_SHAPE }
  const spread = mean - 2 * moment
  const fitted = excess.length >= FEWEST_EXCEEDANCES && spread > 0 ? 2 - mean / spread : CAUTIOUS_SHAPE
  const shape = Math.min(HEAVIEST, Math.max(THINNEST, fitted))
  return { scale: mean * (1 - shape), shape }
}

/** The share of what lies beyond the outermost value that also lies beyond `value`; 1 up to the outermost. */
function beyond(tail: Tail, value: number): number {
  if (!(value > tail.outermost) || tail.scale === 0) return 1
  return survival(tail, value) / survival(tail, tail.outermost)
}

function survival({ from, scale, shape }: Tail, value: number): number {
  const z = (value - from) / scale
  return shape === 0 ? Math.exp(-z) : (1 + shape * z) ** (-1 / shape)
}

function within(p: number): number {
  return Math.min(1, Math.max(SMALLEST_P, p))
}

/** Index of the first of ascending `values` that is at least `value`. */
function firstAtLeast(values: Float64Array, value: number): number {
  return search(values, (found) => found >= value)
}

function firstAbove(values: Float64Array, value: number): number {
  return search(values, (found) => found > value)
}

function search(values: Float64Array, reached: (value: number) => boolean): number {
  let [low, high] = [0, values.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (reached(values[middle] ?? 0)) high = middle
    else low = middle + 1
  }
  return low
}
