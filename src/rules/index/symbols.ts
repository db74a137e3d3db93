import { fold } from '../compile/text.ts'

const ASCII = 128
const HALF_BYTES = 4
/** Marks a value's start and its end, so that a text may be bound to either. */
const START = ASCII + HALF_BYTES * 16
const END = START + 1
/** How many symbols there are, from 0. */
export const SYMBOLS = END + 1

/** Below so many characters, asking the text for each is quicker than having all of it written. */
const SHORT = 24
const ROOM = 4096
/** More room than this is not kept for the next text. */
const MOST_KEPT = 2 ** 22

/**
 * A text as symbols of one byte, for loops that look at all of it: reading them takes a fraction of asking the text for each
 * character. A character of ASCII is its own symbol, any other is four, by place and value of each half byte. Each text takes
 * the place of the last.
 */
export class Symbols {
  /** Of the last text, marks of its start and end included. */
  bytes = Buffer.alloc(ROOM)

  /** Writes a value. Text beyond ASCII is folded; letters of ASCII stay as they are. Returns how many symbols there are. */
  write(value: string): number {
    this.#makeRoom(value.length)
    const length = this.#writeAscii(value)
    if (length === value.length) return this.#end(length + 1)
    const folded = fold(value)
    // Folded text may be longer.
    this.#makeRoom(folded.length)
    return this.#end(this.#writeAny(folded))
  }

  /** As many as the text has characters only if all are ASCII. */
  #writeAscii(text: string): number {
    const { bytes } = this
    const { length } = text
    if (length >= SHORT) return bytes.write(text, 1)
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at)
      if (code >= ASCII) return -1
      bytes[at + 1] = code
    }
    return length
  }

  #writeAny(text: string): number {
    let to = 1
    eachSymbol(text, (symbol) => {
      this.bytes[to++] = symbol
    })
    return to
  }

  #end(at: number): number {
    this.bytes[0] = START
    this.bytes[at] = END
    return at + 1
  }

  #makeRoom(characters: number): void {
    const most = characters * HALF_BYTES + 2
    const room = this.bytes.length
    if (room >= most && (room <= MOST_KEPT || most > MOST_KEPT)) return
    this.bytes = Buffer.alloc(most > MOST_KEPT ? most : Math.max(ROOM, 2 ** Math.ceil(Math.log2(most))))
  }
}

/** A folded text, bound to the value's start or end, or to neither. */
export function symbolsOf(text: string, isAtStart: boolean, isAtEnd: boolean): readonly number[] {
  const written = isAtStart ? [START] : []
  eachSymbol(text, (symbol) => written.push(symbol))
  if (isAtEnd) written.push(END)
  return written
}

/** The symbol of the small letter for that of a capital of ASCII; any other as it is. */
export function small(symbol: number): number {
  return symbol >= 65 && symbol <= 90 ? symbol + 32 : symbol
}

function eachSymbol(text: string, each: (symbol: number) => void): void {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < ASCII) each(code)
    else for (let half = 0; half < HALF_BYTES; half++) each(ASCII + half * 16 + ((code >>> (12 - half * 4)) & 15))
  }
}
