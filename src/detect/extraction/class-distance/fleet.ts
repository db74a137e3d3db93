import type { StateChange } from '../../../contract/detect.ts'
import { SingleRow } from '../../state/single-row.ts'

/** Principals whose last window is remembered. */
const PRINCIPALS = 64
/** Fewer say nothing about a fleet. */
const FEWEST = 20
/** The fleet moves when more than a fifth of it has windows that one in ten has otherwise. */
const [UNUSUAL, SHARE] = [0.1, 0.2]
const PER_PRINCIPAL = 2

export interface Moved {
  readonly unusual: number
  readonly of: number
}

/**
 * How unusual the last windows of the latest principals were, one for each. New inputs of all callers at once (another
 * camera, another season) are as far from the reference as theft is, and only that they come from all tells them apart:
 * when the fleet moves, a principal's p-value is at least its rank among them.
 *
 * Windows count here whether they alerted or not, or drift that is strong enough to alert would never be known as drift.
 * It can only raise p-values. An attacker with more than a fifth of the active accounts hides behind it.
 */
export class Fleet {
  readonly #row = new SingleRow('fleet.1', 1 + PRINCIPALS * PER_PRINCIPAL)

  /** Present when the fleet moves. */
  get moved(): Moved | undefined {
    const ps = this.#ps()
    const unusual = ps.filter((p) => p <= UNUSUAL).length
    return ps.length >= FEWEST && unusual > SHARE * ps.length ? { unusual, of: ps.length } : undefined
  }

  /** The p-value among the remembered principals: never less than one in their number and one. */
  rank(p: number): number {
    const ps = this.#ps()
    return (1 + ps.filter((other) => other <= p).length) / (1 + ps.length)
  }

  /** `who`: a number above 0 that stands for the principal. */
  note(who: number, p: number): void {
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
    numbers.set([who, p], 1 + place * PER_PRINCIPAL)
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

  #ps(): number[] {
    const { numbers } = this.#row
    const found: number[] = []
    for (let from = 1; from < numbers.length && (numbers[from] ?? 0) !== 0; from += PER_PRINCIPAL)
      found.push(numbers[from + 1] ?? 1)
    return found
  }
}
