import type { Row } from '../../state/keyed-rows.ts'
import { SMALLEST_P } from '../../statistics/ladder.ts'
import { ACCOUNT } from './account.ts'
import { SKETCH_BYTES } from './near.ts'
import { TURNS_BYTES } from './turns.ts'

/** What is as unlikely as this links accounts; how unlikely is remembered, and their windows' p-values are no smaller. */
const LINKED_P = 1e-3

/** A link that was not found again for so long is over. */
export const LINK_MS = 86_400_000

// In numbers: the cluster's label, how likely the link is by chance, when it was found last; the turns and the sketch.
const LABEL = 0
const CHANCE = 1
const FOUND_AT = 2
const TURNS = 3
const SKETCH = TURNS + TURNS_BYTES / 8
export const TIES = { name: 'ties.1', bytes: 8 * SKETCH + SKETCH_BYTES } as const

const FROM = ACCOUNT.bytes / 8

/** Where an account's turns and its sketch begin in its row, in numbers. */
export const [TURNS_FROM, SKETCH_FROM] = [FROM + TURNS, FROM + SKETCH]

/** What links an account to others: a view on its row. A cluster's label is the lowest hash of an account in it. */
export class Ties {
  readonly #row: Row

  constructor(row: Row) {
    this.#row = row
  }

  /** 0 while the account is linked to nobody. */
  get label(): number {
    return this.#row.numbers[FROM + LABEL] ?? 0
  }
  /** How likely it is that chance alone links the account so. */
  get chance(): number {
    return this.#row.numbers[FROM + CHANCE] ?? 1
  }

  /** Ends a link that is too old by now. */
  expire(at: number): void {
    const { numbers } = this.#row
    if (this.label !== 0 && at - (numbers[FROM + FOUND_AT] ?? 0) > LINK_MS) numbers.fill(0, FROM + LABEL, FROM + TURNS)
  }

  /** Takes the lower label, if the link is as unlikely by chance as asked. */
  link(self: number, label: number, chance: number, at: number): void {
    if (!(chance <= LINKED_P)) return
    const { numbers } = this.#row
    const own = this.label
    numbers[FROM + CHANCE] = Math.max(SMALLEST_P, own === 0 ? chance : Math.min(this.chance, chance))
    numbers[FROM + LABEL] = Math.min(own === 0 ? self : own, label)
    numbers[FROM + FOUND_AT] = at
  }
}
