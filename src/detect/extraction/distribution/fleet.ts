import type { StateChange } from '../../../contract/detect.ts'
import { SingleRow } from '../../state/single-row.ts'

/** Principals whose last window is remembered. */
const PRINCIPALS = 64
/** Fewer say nothing about a fleet. */
const FEWEST = 20
/** The fleet moves when at least half of it has windows that one in ten has otherwise. */
const UNUSUAL = 0.1
const SHARE = 0.5
/** Who, and how unusual the window was in either direction. */
const PER_PRINCIPAL = 3

export interface Tails {
  /** p-value of a distance this large. */
  readonly high: number
  /** p-value of a distance this small. */
  readonly low: number
}

/**
 * Where the last smallest windows of the latest principals lay, one for each: when half of the fleet moves away from the
 * reference (or nearer to it) at once, the reference is old and no one principal stands out for doing so too. Then a
 * principal's p-value is its rank among them. Of a fleet of fewer than 64 principals an attacker would need half of the
 * accounts to make this happen; linkage (X7) looks at such crowds.
 */
export class Fleet {
  readonly #row = new SingleRow('fleet.1', 1 + PRINCIPALS * PER_PRINCIPAL)

  /** How many of the remembered principals are unusual that way, and whether that makes it the fleet's own way. */
  moved(tail: keyof Tails): { readonly is: boolean; readonly unusual: number; readonly of: number } {
    const ps = this.#tails(tail)
    const unusual = ps.filter((p) => p <= UNUSUAL).length
    return { is: ps.length >= FEWEST && unusual >= SHARE * ps.length, unusual, of: ps.length }
  }

  /** The p-value among the remembered principals: never less than one in their number and one. */
  rank(tail: keyof Tails, p: number): number {
    const ps = this.#tails(tail)
    return (1 + ps.filter((other) => other <= p).length) / (1 + ps.length)
  }

  /** `who`: a number above 0 that stands for the principal. */
  learn(who: number, { high, low }: Tails): void {
    const { numbers } = this.#row
    let place = -1
    for (let i = 0; i < PRINCIPALS && place < 0; i++) {
      const other = numbers[1 + i * PER_PRINCIPAL] ?? 0
      if (other === who || other === 0) place = i
    }
    if (place < 0) {
      place = (numbers[0] ?? 0) % PRINCIPALS
      numbers[0] = place + 1
    }
    numbers.set([who, high, low], 1 + place * PER_PRINCIPAL)
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

  #tails(tail: keyof Tails): number[] {
    const { numbers } = this.#row
    const found: number[] = []
    for (let from = 1; from < numbers.length && (numbers[from] ?? 0) !== 0; from += PER_PRINCIPAL)
      found.push(numbers[from + (tail === 'high' ? 1 : 2)] ?? 1)
    return found
  }
}
