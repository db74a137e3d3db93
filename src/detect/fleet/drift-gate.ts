import type { StateChange } from '../../contract/detect.ts'
import { SingleRow } from '../state/single-row.ts'

/** Principals whose last window is remembered. */
const PRINCIPALS = 64
/** Fewer say nothing about a fleet. */
const FEWEST = 20
/** A window is unusual when one in ten is so otherwise. */
const UNUSUAL = 0.1

/** So many of so many principals had an unusual window last. */
export interface Moved {
  readonly unusual: number
  readonly of: number
}

export interface GateOptions {
  /** p-values of a window: one for each tail. */
  readonly tails: number
  /** The fleet moves when at least this share of it is unusual. */
  readonly share: number
}

/**
 * How unusual the last windows of the latest principals were, one for each. New inputs of all callers at once (another
 * release, another camera, another season) are as far from a reference as theft is, and only that they come from all tells
 * them apart: while the fleet moves, a principal's p-value is at least its rank among them.
 *
 * Windows count here whether they alerted or not, or drift that is strong enough to alert would never be known as drift.
 * The gate can only raise p-values. An attacker with that share of the active accounts hides behind it; linkage looks at
 * such crowds.
 */
export class DriftGate {
  readonly #tails: number
  readonly #share: number
  readonly #row: SingleRow

  constructor({ tails, share }: GateOptions) {
    this.#tails = tails
    this.#share = share
    this.#row = new SingleRow('fleet.1', 1 + PRINCIPALS * (1 + tails))
  }

  /** Present when the fleet moves that way. */
  moved(tail = 0): Moved | undefined {
    const ps = this.#ps(tail)
    const unusual = ps.filter((p) => p <= UNUSUAL).length
    return ps.length >= FEWEST && unusual >= this.#share * ps.length ? { unusual, of: ps.length } : undefined
  }

  /** The p-value among the remembered principals: never less than one in their number and one. */
  rank(p: number, tail = 0): number {
    const ps = this.#ps(tail)
    return (1 + ps.filter((other) => other <= p).length) / (1 + ps.length)
  }

  /** `p` as it counts: while the fleet moves that way, at least its rank. */
  held(p: number, tail = 0): { readonly p: number; readonly drift: Moved | undefined } {
    const drift = this.moved(tail)
    return { p: drift ? Math.max(p, this.rank(p, tail)) : p, drift }
  }

  /** `who`: a number above 0 that stands for the principal; `ps`: one for each tail. */
  note(who: number, ps: readonly number[]): void {
    const { numbers } = this.#row
    const each = 1 + this.#tails
    let place = -1
    for (let i = 0; i < PRINCIPALS && place < 0; i++) {
      const other = numbers[1 + i * each] ?? 0
      if (other === who || other === 0) place = i
    }
    if (place < 0) {
      place = (numbers[0] ?? 0) % PRINCIPALS
      numbers[0] = place + 1
    }
    numbers.set([who, ...ps], 1 + place * each)
    this.#row.touch()
  }

  changes(): readonly StateChange[] {
    return this.#row.changes()
  }

  clear(): void {
    this.#row.clear()
  }

  restore(change: StateChange): boolean {
    return this.#row.restore(change)
  }

  #ps(tail: number): number[] {
    const { numbers } = this.#row
    const each = 1 + this.#tails
    const found: number[] = []
    for (let from = 1; from < numbers.length && (numbers[from] ?? 0) !== 0; from += each)
      found.push(numbers[from + 1 + tail] ?? 1)
    return found
  }
}

/** What an explanation adds where the fleet moves. */
export function driftWords(drift: Moved | undefined): string {
  if (drift === undefined) return ''
  return `; ${drift.unusual} of the last ${drift.of} callers moved the same way: drift, not theft, and only the rank among them counts`
}
