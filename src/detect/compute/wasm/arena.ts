import { MAX_PAGES } from './module.ts'

const PAGE = 65_536
const ALIGNMENT = 64

/** A piece of an arena; `free` gives it back and may be called twice. */
export interface Piece {
  readonly arena: Arena
  /** Byte address. */
  readonly at: number
  readonly bytes: number
  free(): void
}

/** One shared WebAssembly memory of at most 2 GiB, handed out in pieces: first fit, neighbours joined when given back. */
export class Arena {
  readonly id: number
  readonly memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true })
  /** By address; address 0 stays unused. */
  #gaps: { readonly at: number; readonly bytes: number }[] = [{ at: ALIGNMENT, bytes: MAX_PAGES * PAGE - ALIGNMENT }]
  #used = 0

  constructor(id: number) {
    this.id = id
  }

  /** Bytes handed out. */
  get used(): number {
    return this.#used
  }

  /** Undefined when there is no gap so large. Throws RangeError when the machine has no more memory. */
  take(wanted: number): Piece | undefined {
    const bytes = Math.ceil(Math.max(wanted, 1) / ALIGNMENT) * ALIGNMENT
    const index = this.#gaps.findIndex((gap) => gap.bytes >= bytes)
    const gap = this.#gaps[index]
    if (!gap) return undefined
    const missing = Math.ceil((gap.at + bytes - this.memory.buffer.byteLength) / PAGE)
    if (missing > 0) this.memory.grow(missing)
    this.#gaps.splice(index, 1, ...(gap.bytes === bytes ? [] : [{ at: gap.at + bytes, bytes: gap.bytes - bytes }]))
    this.#used += bytes
    let taken = true
    const free = (): void => {
      if (taken) this.#give(gap.at, bytes)
      taken = false
    }
    return { arena: this, at: gap.at, bytes, free }
  }

  #give(at: number, bytes: number): void {
    this.#used -= bytes
    const next = this.#gaps.findIndex((gap) => gap.at > at)
    const index = next === -1 ? this.#gaps.length : next
    const before = this.#gaps[index - 1]
    const after = this.#gaps[index]
    const joinsBefore = before !== undefined && before.at + before.bytes === at
    const joinsAfter = after !== undefined && at + bytes === after.at
    const joined = {
      at: joinsBefore ? before.at : at,
      bytes: bytes + (joinsBefore ? before.bytes : 0) + (joinsAfter ? after.bytes : 0),
    }
    this.#gaps.splice(index - Number(joinsBefore), Number(joinsBefore) + Number(joinsAfter), joined)
  }
}
