import { SIGNALS } from './signals.ts'

/** The signals of a window, summed: a view on numbers that belong to somebody's row. */
export class WindowSums {
  /** Requests, then for each signal its sum and how many had it. */
  static readonly NUMBERS = 1 + 2 * SIGNALS.length
  readonly #numbers: Float64Array

  constructor(numbers: Float64Array) {
    this.#numbers = numbers
  }

  get count(): number {
    return this.#numbers[0] ?? 0
  }

  add(signals: readonly (number | undefined)[]): void {
    this.#numbers[0] = this.count + 1
    for (const [at, signal] of signals.entries()) {
      if (signal === undefined) continue
      this.#numbers[1 + 2 * at] = (this.#numbers[1 + 2 * at] ?? 0) + signal
      this.#numbers[2 + 2 * at] = (this.#numbers[2 + 2 * at] ?? 0) + 1
    }
  }

  /** Undefined when less than half of the requests had the signal. */
  mean(signal: number): number | undefined {
    const had = this.#numbers[2 + 2 * signal] ?? 0
    return had === 0 || had < this.count / 2 ? undefined : (this.#numbers[1 + 2 * signal] ?? 0) / had
  }

  clear(): void {
    this.#numbers.fill(0)
  }
}
