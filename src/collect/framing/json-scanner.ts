const QUOTE = 0x22
const BACKSLASH = 0x5c
const NEWLINE = 0x0a
const OBJECT = 1
const ARRAY = 2

/** What may come next; the last three are inside a token. */
const VALUE = 0
const VALUE_OR_END = 1
const KEY_OR_END = 2
const KEY = 3
const COLON = 4
const COMMA_OR_END = 5
const IN_KEY = 6
const IN_STRING = 7
const IN_WORD = 8

/** Levels whose kind of bracket is remembered and checked; deeper ones are only counted, so memory stays flat. */
const TRACKED = 256

/** Plain JSON: where in a value the scanner stands. */
export interface ScannerState {
  /** One letter a level, outermost first: o object, a array. */
  readonly open: string
  readonly depth: number
  readonly deepest: number
  readonly expect: number
  readonly escaped: boolean
}

/**
 * `more`: the bytes end inside the value. `done`: the value ends. `broken`: no JSON value goes on like this. `key`: a
 * member name of the outermost object has ended (only while `watch` is on). `list`: the member named last opens an array.
 */
export type ScanStatus = 'more' | 'done' | 'broken' | 'key' | 'list'

/**
 * Finds the end of one JSON value, byte by byte and across chunks, without building it. It checks the order of tokens
 * (RFC 8259), so that a value cut off in the middle is noticed at the next one, and leaves the spelling of numbers,
 * words and escapes to the parser. A newline inside a string is broken.
 */
export class JsonScanner {
  status: ScanStatus = 'more'
  /** Report the outermost object's member names. */
  watch = false
  /** Report when the present member's value is an array. */
  wantList = false
  /** The deepest nesting so far: a scalar is 0, `{}` is 1. */
  deepest = 0
  /** Offset, in the bytes given, of the member name last reported: its first byte after the quote. Negative: in an earlier chunk. */
  keyFrom = 0
  #open = new Uint8Array(TRACKED)
  #depth = 0
  #expect = VALUE
  #escaped = false

  begin(): void {
    this.#depth = 0
    this.#expect = VALUE
    this.#escaped = false
    this.deepest = 0
    this.watch = false
    this.wantList = false
  }

  /** As if inside an object, after a member's value. */
  beginInsideObject(): void {
    this.begin()
    this.#push(OBJECT)
    this.#expect = COMMA_OR_END
  }

  /** The index after the last byte that belongs to what `status` reports; for `broken` the index of the byte that does not fit. */
  scan(bytes: Uint8Array, from: number, end: number): number {
    this.status = 'more'
    let at = from
    while (at < end && this.status === 'more') {
      if (this.#expect >= IN_KEY) {
        at = this.#expect === IN_WORD ? this.#word(bytes, at, end) : this.#string(bytes, at, end)
        continue
      }
      const byte = bytes[at] ?? 0
      if (byte === 0x20 || byte === NEWLINE || byte === 0x0d || byte === 0x09) {
        at++
        continue
      }
      at = this.#token(byte, at)
    }
    if (this.status === 'more' && this.#expect === IN_KEY) this.keyFrom -= end
    return at
  }

  #token(byte: number, at: number): number {
    if (this.#depth > TRACKED) return this.#uncheckedToken(byte, at)
    const expect = this.#expect
    switch (byte) {
      case QUOTE:
        if (expect === KEY || expect === KEY_OR_END) {
          this.#expect = IN_KEY
          this.keyFrom = at + 1
        } else if (expect <= VALUE_OR_END) this.#expect = IN_STRING
        else return this.#broken(at)
        return at + 1
      case 0x3a: // :
        if (expect !== COLON) return this.#broken(at)
        this.#expect = VALUE
        return at + 1
      case 0x2c: // ,
        if (expect !== COMMA_OR_END) return this.#broken(at)
        this.#expect = this.#kind() === OBJECT ? KEY : VALUE
        return at + 1
      case 0x7b: // {
        if (expect > VALUE_OR_END) return this.#broken(at)
        this.#push(OBJECT)
        this.#expect = KEY_OR_END
        return at + 1
      case 0x5b: // [
        if (expect > VALUE_OR_END) return this.#broken(at)
        this.#push(ARRAY)
        this.#expect = VALUE_OR_END
        if (this.wantList && this.#depth === 2) this.status = 'list'
        return at + 1
      case 0x7d: // }
        return this.#close(OBJECT, KEY_OR_END, at)
      case 0x5d: // ]
        return this.#close(ARRAY, VALUE_OR_END, at)
      default:
        if (expect > VALUE_OR_END || !startsWord(byte)) return this.#broken(at)
        this.#expect = IN_WORD
        return at + 1
    }
  }

  /** Below the levels that are remembered only strings and the count of brackets matter. */
  #uncheckedToken(byte: number, at: number): number {
    this.#expect = COMMA_OR_END
    if (byte === QUOTE) this.#expect = IN_STRING
    else if (byte === 0x7b || byte === 0x5b) this.#push(OBJECT)
    else if (byte === 0x7d || byte === 0x5d) this.#depth--
    return at + 1
  }

  #close(kind: number, emptyExpect: number, at: number): number {
    if (this.#expect !== COMMA_OR_END && this.#expect !== emptyExpect) return this.#broken(at)
    if (this.#kind() !== kind) return this.#broken(at)
    this.#depth--
    this.#ended()
    return at + 1
  }

  #ended(): void {
    this.#expect = COMMA_OR_END
    if (this.#depth === 0) this.status = 'done'
  }

  #broken(at: number): number {
    this.status = 'broken'
    return at
  }

  #push(kind: number): void {
    if (this.#depth < TRACKED) this.#open[this.#depth] = kind
    this.#depth++
    if (this.#depth > this.deepest) this.deepest = this.#depth
  }

  #kind(): number {
    return this.#open[this.#depth - 1] ?? 0
  }

  #string(bytes: Uint8Array, from: number, end: number): number {
    let at = this.#escaped ? from + 1 : from
    this.#escaped = false
    while (at < end) {
      const byte = bytes[at] ?? 0
      if (byte === QUOTE) return this.#stringEnded(at + 1)
      if (byte === BACKSLASH) at += 2
      else if (byte === NEWLINE) return this.#broken(at)
      else at++
    }
    this.#escaped = at > end
    return end
  }

  #stringEnded(at: number): number {
    if (this.#expect === IN_STRING) this.#ended()
    else {
      this.#expect = COLON
      if (this.watch && this.#depth === 1) {
        this.wantList = false
        this.status = 'key'
      }
    }
    return at
  }

  #word(bytes: Uint8Array, from: number, end: number): number {
    let at = from
    while (at < end && continuesWord(bytes[at] ?? 0)) at++
    if (at < end) this.#ended()
    return at
  }

  state(): ScannerState {
    const open = Array.from(this.#open.subarray(0, Math.min(this.#depth, TRACKED)), (kind) =>
      kind === OBJECT ? 'o' : 'a',
    )
    return {
      open: open.join(''),
      depth: this.#depth,
      deepest: this.deepest,
      expect: this.#expect,
      escaped: this.#escaped,
    }
  }

  restore(state: ScannerState): void {
    this.begin()
    for (let level = 0; level < state.open.length; level++)
      this.#open[level] = state.open[level] === 'o' ? OBJECT : ARRAY
    this.#depth = state.depth
    this.deepest = state.deepest
    this.#expect = state.expect
    this.#escaped = state.escaped
  }
}

/** Whether a JSON value can begin with this byte. */
export function startsValue(byte: number): boolean {
  return byte === QUOTE || byte === 0x7b || byte === 0x5b || startsWord(byte)
}

/** A number, true, false or null begins. */
function startsWord(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x74 || byte === 0x66 || byte === 0x6e
}

function continuesWord(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2e ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x45
  )
}
