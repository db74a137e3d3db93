import { Calibration } from './calibration.ts'
import type { Observed } from './calibration.ts'

/** Clients that calibrating takes at least: p-values then go down to 1/21 by measuring. */
export const FEWEST_CLIENTS = 20
/** Values of one client that are kept. */
const MOST_VALUES = 64

/** Values of a statistic on clients that the reference had never seen, and whose they were, as they come. */
export class Measured {
  readonly #observed = new Map<string, Observed[]>()

  get clients(): number {
    return this.#observed.size
  }

  add(client: string, value: number): void {
    const own = this.#observed.get(client) ?? []
    if (own.length === 0) this.#observed.set(client, own)
    if (own.length < MOST_VALUES) own.push({ client, value })
  }

  /** Undefined where there are too few clients. */
  calibrated(scale: (value: number) => number = (value) => value): Calibration | undefined {
    if (this.clients < FEWEST_CLIENTS) return undefined
    const all = [...this.#observed.values()].flat()
    return Calibration.fit(all.map(({ client, value }) => ({ client, value: scale(value) })))
  }
}
