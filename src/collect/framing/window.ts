/** What can be seen of a stream: the present chunk, and before it the kept beginning of the record being read. Offsets are the stream's. */
export class Window {
  chunk: Buffer = Buffer.alloc(0)
  /** Where the reader stands, as an index into `chunk`. */
  at = 0
  /** Offset of the chunk's first byte. */
  base: number
  #held = Buffer.alloc(0)
  #heldLength = 0
  #heldFrom = 0

  constructor(offset: number) {
    this.base = offset
  }

  get here(): number {
    return this.base + this.at
  }

  get end(): number {
    return this.base + this.chunk.length
  }

  next(chunk: Uint8Array): void {
    this.base = this.end
    this.chunk = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    this.at = 0
  }

  /** A view into the chunk, or a copy when the bytes began before it. `from` must not lie before what is kept. */
  bytes(from: number, to: number): Buffer {
    if (from >= this.base) return this.chunk.subarray(from - this.base, to - this.base)
    const before = this.#before(from, to)
    return Buffer.concat([before, this.chunk.subarray(0, Math.max(0, to - this.base))])
  }

  /** Goes back to `offset`, joining what is kept to the chunk. */
  rewind(offset: number): void {
    if (offset < this.base) {
      this.chunk = Buffer.concat([this.#before(offset, this.base), this.chunk])
      this.base = offset
      this.#drop()
    }
    this.at = offset - this.base
  }

  /** Keeps the bytes from `offset` on for the next chunk; undefined: keeps nothing. */
  keep(offset: number | undefined): void {
    if (offset === undefined) return this.#drop()
    if (offset >= this.base) {
      this.#drop()
      this.#heldFrom = offset
    }
    this.#append(this.chunk.subarray(Math.max(0, offset - this.base)))
  }

  #before(from: number, to: number): Buffer {
    return this.#held.subarray(from - this.#heldFrom, Math.min(to - this.#heldFrom, this.#heldLength))
  }

  #drop(): void {
    if (this.#heldLength === 0) return
    this.#held = Buffer.alloc(0)
    this.#heldLength = 0
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#heldLength + bytes.length
    if (needed > this.#held.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#held.length * 2, 256))
      this.#held.copy(grown, 0, 0, this.#heldLength)
      this.#held = grown
    }
    this.#held.set(bytes, this.#heldLength)
    this.#heldLength = needed
  }
}
