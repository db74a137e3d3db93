import type { Reader, Reading, Texts } from '../../contract/detect.ts'

/** What a reader made of a request: as it was read ahead, or else read on the spot, into memory that the next one takes over. */
export class ReadHere {
  readonly #reader: Reader
  readonly #own: { readonly numbers: Float64Array; readonly at: number }

  constructor(reader: Reader, width: number) {
    this.#reader = reader
    this.#own = { numbers: new Float64Array(width), at: 0 }
  }

  of(texts: Texts, reading: Reading | undefined): Reading {
    if (reading) return reading
    this.#own.numbers.fill(0)
    this.#reader.read(texts, this.#own.numbers, 0)
    return this.#own
  }
}
