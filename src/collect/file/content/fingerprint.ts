import { createHash } from 'node:crypto'

const BLOCK = 1024
/** Marks kept between the head and the newest. */
const MIDDLE = 6

/** The hash of the block, at most 1 KiB long, that ends at `offset`: the first 32 hex digits of its sha256. */
export interface Mark {
  readonly offset: number
  readonly hash: string
}

/**
 * What a file's content is recognised by: the hash of its first KiB, which grows with the file, of the last KiB read,
 * and of blocks in between, at distances that double, so that a copy which stops short is recognised as well.
 */
export class Fingerprint {
  #length = 0
  #recent: Buffer = Buffer.alloc(0)
  #head: Mark | undefined
  #middle: Mark[] = []

  /** Goes on at `length`; `recent` is the block that ends there. */
  static resume(marks: readonly Mark[], length: number, recent: Buffer): Fingerprint {
    const fingerprint = new Fingerprint()
    fingerprint.#length = length
    fingerprint.#recent = recent
    if (length < BLOCK) return fingerprint
    fingerprint.#head = marks[0]
    fingerprint.#middle = marks.slice(1).filter((mark) => mark.offset <= length)
    return fingerprint
  }

  /** How many bytes have been noted. */
  get length(): number {
    return this.#length
  }

  /** The next bytes of the content. */
  note(bytes: Uint8Array): void {
    const joined = bytes.length >= BLOCK && this.#head ? bytes : Buffer.concat([this.#recent, bytes])
    if (!this.#head && joined.length >= BLOCK) this.#head = markOf(joined.subarray(0, BLOCK), BLOCK)
    this.#length += bytes.length
    this.#recent = Buffer.from(joined.subarray(Math.max(0, joined.length - BLOCK)))
    const last = this.#middle.at(-1)?.offset ?? BLOCK
    if (this.#length < 2 * last) return
    this.#middle.push(markOf(this.#recent, this.#length))
    if (this.#middle.length > MIDDLE) this.#middle.shift()
  }

  /** Front to back; the first is the head, the last ends at `length`. */
  marks(): readonly Mark[] {
    const marks = this.#head ? [this.#head, ...this.#middle] : []
    if (this.#length > (marks.at(-1)?.offset ?? 0)) marks.push(markOf(this.#recent, this.#length))
    return marks
  }
}

function markOf(block: Uint8Array, offset: number): Mark {
  return { offset, hash: hashOf(block) }
}

export function hashOf(block: Uint8Array): string {
  return createHash('sha256').update(block).digest('hex').slice(0, 32)
}

/** Where the head of a content of this length ends. */
export function headEnd(length: number): number {
  return Math.min(BLOCK, length)
}

/** Where the block of a mark begins. */
export function blockStart(offset: number): number {
  return Math.max(0, offset - BLOCK)
}
