import type { Row } from '../../state/keyed-rows.ts'
import { readShortText, writeShortText } from '../../state/short-text.ts'

/** What was used less often is no template: two callers may well have sent the same text, not only the same template. */
const FEWEST_USES = 6
/** Others that a template or an account remembers by name. */
const OTHERS = 8
const NAME_BYTES = 48
/** Exemplars of an account's window. */
const EXEMPLARS = 5
const ID_BYTES = 32
const SEEN_BYTES = 128

// A template's row, in numbers: who was seen with it, newest last to be replaced. Names after them.
const NEXT = 1
const USES = 2
const HOLDERS = 3
const HOLDER_NAMES = (HOLDERS + OTHERS) * 8
export const TEMPLATE = { name: 'template.1', bytes: HOLDER_NAMES + OTHERS * NAME_BYTES } as const

// An account's row.
const REQUESTS = 1
const STARTED = 2
const SHARED = 3
const DISTINCT = 4
const PARTNERS = 5
const COUNTS = PARTNERS + OTHERS
const PARTNER_NAMES = (COUNTS + OTHERS) * 8
const IDS = PARTNER_NAMES + OTHERS * NAME_BYTES
const SEEN = IDS + EXEMPLARS * ID_BYTES
export const ACCOUNT = { name: 'account.1', bytes: SEEN + SEEN_BYTES } as const

/** Somebody, as a number above 0 to compare and a pseudonym to tell. */
export interface Who {
  readonly hash: number
  readonly name: string
}

/** The last accounts that used a template: a view on its row. */
export class Holders {
  readonly #row: Row

  constructor(row: Row) {
    this.#row = row
  }

  /** Whether an account other than this one was seen with it; never while it was used too seldom to be a template. */
  hasOther(self: number): boolean {
    if ((this.#row.numbers[USES] ?? 0) < FEWEST_USES) return false
    for (let place = 0; place < OTHERS; place++) {
      const hash = this.hashAt(place)
      if (hash !== 0 && hash !== self) return true
    }
    return false
  }

  /** 0 for an empty place. */
  hashAt(place: number): number {
    return this.#row.numbers[HOLDERS + place] ?? 0
  }

  nameAt(place: number): Uint8Array {
    const from = HOLDER_NAMES + place * NAME_BYTES
    return this.#row.bytes.subarray(from, from + NAME_BYTES)
  }

  /** Remembers one more use; true when that changed anything. */
  add(who: Who): boolean {
    const { numbers, bytes } = this.#row
    const uses = numbers[USES] ?? 0
    // Whether it is a template is all that is asked.
    if (uses < FEWEST_USES) numbers[USES] = uses + 1
    for (let i = 0; i < OTHERS; i++) if (numbers[HOLDERS + i] === who.hash) return uses < FEWEST_USES
    const place = (numbers[NEXT] ?? 0) % OTHERS
    numbers[NEXT] = place + 1
    numbers[HOLDERS + place] = who.hash
    writeShortText(bytes, HOLDER_NAMES + place * NAME_BYTES, NAME_BYTES, who.name)
    return true
  }
}

/** One account's window: how many templates it used, how many of them others use, and which others. A view on its row. */
export class Account {
  readonly #row: Row

  constructor(row: Row) {
    this.#row = row
  }

  get requests(): number {
    return this.#row.numbers[REQUESTS] ?? 0
  }
  get startedAt(): number {
    return this.#row.numbers[STARTED] ?? 0
  }
  /** Different templates of the window. */
  get distinct(): number {
    return this.#row.numbers[DISTINCT] ?? 0
  }
  /** Those of them that others had used before. */
  get shared(): number {
    return this.#row.numbers[SHARED] ?? 0
  }

  request(at: number): void {
    if (this.requests === 0) this.#row.numbers[STARTED] = at
    this.#add(REQUESTS, 1)
  }

  /** True when the template is new to the window. Sets of bits never call an old one new; a few new ones pass for old. */
  isNew(template: number): boolean {
    const { bytes } = this.#row
    const place = template % (SEEN_BYTES * 8)
    const [at, bit] = [SEEN + (place >> 3), 1 << (place & 7)]
    const seen = bytes[at] ?? 0
    if ((seen & bit) !== 0) return false
    bytes[at] = seen | bit
    this.#add(DISTINCT, 1)
    return true
  }

  share(id: string, holders: Holders, self: number): void {
    const { bytes } = this.#row
    const place = IDS + (this.shared % EXEMPLARS) * ID_BYTES
    writeShortText(bytes, place, ID_BYTES, id)
    this.#add(SHARED, 1)
    for (let other = 0; other < OTHERS; other++) {
      const hash = holders.hashAt(other)
      if (hash !== 0 && hash !== self) this.#meet(hash, holders, other)
    }
  }

  /** Pseudonyms of those with whom most is shared, most first, with how much. */
  partners(): { readonly name: string; readonly templates: number }[] {
    const { numbers, bytes } = this.#row
    return Array.from({ length: OTHERS }, (_, i) => ({
      name: readShortText(bytes, PARTNER_NAMES + i * NAME_BYTES, NAME_BYTES),
      templates: numbers[COUNTS + i] ?? 0,
    }))
      .filter(({ name, templates }) => templates > 0 && name !== '')
      .toSorted((a, b) => b.templates - a.templates || (a.name < b.name ? -1 : 1))
  }

  exemplars(): string[] {
    return Array.from({ length: EXEMPLARS }, (_, i) =>
      readShortText(this.#row.bytes, IDS + i * ID_BYTES, ID_BYTES),
    ).filter((id) => id !== '')
  }

  clear(): void {
    this.#row.numbers.fill(0, 1, ACCOUNT.bytes / 8)
  }

  /** Counts another; one not held takes the place of the one met least (Metwally et al. 2005, "Space-Saving"). */
  #meet(hash: number, holders: Holders, other: number): void {
    const { numbers, bytes } = this.#row
    let least = 0
    for (let i = 0; i < OTHERS; i++) {
      if (numbers[PARTNERS + i] === hash) {
        this.#add(COUNTS + i, 1)
        return
      }
      if ((numbers[COUNTS + i] ?? 0) < (numbers[COUNTS + least] ?? 0)) least = i
    }
    numbers[PARTNERS + least] = hash
    this.#add(COUNTS + least, 1)
    bytes.set(holders.nameAt(other), PARTNER_NAMES + least * NAME_BYTES)
  }

  #add(at: number, value: number): void {
    this.#row.numbers[at] = (this.#row.numbers[at] ?? 0) + value
  }
}
