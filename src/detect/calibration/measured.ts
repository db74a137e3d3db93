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

/** The same for windows of several sizes, and what is said of it to who makes a reference. */
export class MeasuredSizes {
  readonly #bySize: ReadonlyMap<number, Measured>

  constructor(sizes: readonly number[]) {
    this.#bySize = new Map(sizes.map((size) => [size, new Measured()]))
  }

  add(size: number, client: string, value: number): void {
    this.#bySize.get(size)?.add(client, value)
  }

  /** Undefined where there are too few clients with a full window. */
  calibrated(size: number, scale?: (value: number) => number): Calibration | undefined {
    return this.#bySize.get(size)?.calibrated(scale)
  }

  /** Why no size is calibrated; `requests` is what windows hold. */
  tooFew(requests: string): string {
    const counts = [...this.#bySize].map(([size, { clients }]) => `${clients} with ${size} ${requests}`)
    return `${FEWEST_CLIENTS} clients beyond those of the reference are needed with a full window, and there are ${counts.join(', ')}: take in more files, or configure smaller windows`
  }

  /** For each size how far its p-values, the smallest of `tails` of them, are measured. */
  notes(tails: number): readonly string[] {
    return [...this.#bySize].map(([size, { clients }]) => {
      if (clients < FEWEST_CLIENTS)
        return `windows of ${size}: not scored, since ${clients} other clients filled one and ${FEWEST_CLIENTS} are needed`
      const reach = Math.min(1, tails / (clients + 1)).toPrecision(2)
      return `windows of ${size}: calibrated on ${clients} other clients; p-values below ${reach} are extrapolated`
    })
  }
}
