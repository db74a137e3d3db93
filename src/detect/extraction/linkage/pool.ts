import type { MeanVector } from '../../features/mean-vector.ts'
import type { ModelRequest } from '../../request/model-request.ts'
import type { Row } from '../../state/keyed-rows.ts'
import { readShortText, writeShortText } from '../../state/short-text.ts'
import type { Who } from './account.ts'

/** Columns of a request's vector at most. */
export const COLUMNS = 512
/** Accounts of a cluster that are remembered by name, the newest. */
const MEMBERS = 64
const NAME_BYTES = 48
const EXEMPLARS = 5
const ID_BYTES = 32

// When each member was seen last, and a cluster's open window: in numbers, then ids, then sums of four bytes each.
const SEEN_AT = 1
const COUNT = SEEN_AT + MEMBERS
const STARTED = COUNT + 1
const IDS = (STARTED + 1) * 8
const SUMS = IDS + EXEMPLARS * ID_BYTES
// Its members: the next place, then hashes, then names.
const NEXT = 0
const HASHES = 1
const NAMES = (HASHES + MEMBERS) * 8
const WINDOW_BYTES = SUMS + 4 * COLUMNS

/** The second section changes only when an account joins. */
export const POOL = [
  { name: 'pool.1', bytes: WINDOW_BYTES },
  { name: 'members.1', bytes: NAMES + MEMBERS * NAME_BYTES },
] as const

/** A window that requests of linked accounts filled together. */
export interface Filled {
  /** Unbiased squared distance of the window's mean from the reference's: about 0 for requests drawn from all of it. */
  readonly distance: number
  readonly startedAt: number
  readonly exemplars: readonly string[]
}

/** The requests of a cluster's accounts, counted together: a view on its row. */
export class Pool {
  readonly #row: Row

  constructor(row: Row) {
    this.#row = row
  }

  /** Adds a request by its vector of length 1; tells of the window when it is full, and begins anew. */
  add(values: Float32Array, { at, id }: ModelRequest, window: number, centre: MeanVector): Filled | undefined {
    const { numbers, bytes } = this.#row
    const count = (numbers[COUNT] ?? 0) + 1
    if (count === 1) numbers[STARTED] = at
    numbers[COUNT] = count
    writeShortText(bytes, IDS + (count % EXEMPLARS) * ID_BYTES, ID_BYTES, id)
    const sums = new Float32Array(bytes.buffer, bytes.byteOffset + SUMS, COLUMNS)
    for (let i = 0; i < values.length; i++) sums[i] = (sums[i] ?? 0) + (values[i] ?? 0)
    if (count < window) return undefined
    const filled = this.#told(sums, count, centre)
    numbers.fill(0, COUNT, WINDOW_BYTES / 8)
    return filled
  }

  /** Remembers an account, and when it was seen; true when it was not known, or forgotten since. */
  join(who: Who, at: number): boolean {
    const { numbers, bytes } = this.#row
    const from = WINDOW_BYTES / 8
    for (let i = 0; i < MEMBERS; i++) {
      if (numbers[from + HASHES + i] !== who.hash) continue
      numbers[SEEN_AT + i] = at
      return false
    }
    const place = (numbers[from + NEXT] ?? 0) % MEMBERS
    numbers[from + NEXT] = place + 1
    numbers[from + HASHES + place] = who.hash
    numbers[SEEN_AT + place] = at
    writeShortText(bytes, WINDOW_BYTES + NAMES + place * NAME_BYTES, NAME_BYTES, who.name)
    return true
  }

  /** Pseudonyms of the accounts seen since then, of those that joined last, in order of their names. */
  members(since: number): string[] {
    const { numbers, bytes } = this.#row
    return Array.from({ length: MEMBERS }, (_, i) =>
      numbers[WINDOW_BYTES / 8 + HASHES + i] === 0 || !((numbers[SEEN_AT + i] ?? 0) >= since)
        ? ''
        : readShortText(bytes, WINDOW_BYTES + NAMES + i * NAME_BYTES, NAME_BYTES),
    )
      .filter((name) => name !== '')
      .toSorted()
  }

  #told(sums: Float32Array, count: number, { mean, squared }: MeanVector): Filled {
    const { numbers, bytes } = this.#row
    let [own, along] = [0, 0]
    for (let i = 0; i < mean.length; i++) {
      const sum = sums[i] ?? 0
      own += sum * sum
      along += sum * (mean[i] ?? 0)
    }
    const ids = Array.from({ length: EXEMPLARS }, (_, i) => readShortText(bytes, IDS + i * ID_BYTES, ID_BYTES))
    return {
      // Each vector's length is 1, so what each has in common with itself adds up to the count.
      distance: (own - count) / (count * (count - 1)) - (2 * along) / count + squared,
      startedAt: numbers[STARTED] ?? 0,
      exemplars: ids.filter((id) => id !== ''),
    }
  }
}
