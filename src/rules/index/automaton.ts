import { fold } from '../compile/text.ts'

/** A folded text to be found in values, and what to tell when it is. */
export interface Literal {
  readonly text: string
  /** It stands at the value's start. */
  readonly start: boolean
  /** It stands at the value's end. */
  readonly end: boolean
  /** The number that a hit is told by. */
  readonly target: number
}

/** Hears of what is found: once for every occurrence. */
export interface Hits {
  hit(target: number, text: string): void
}

const OTHER = 0
const START = 1
const END = 2
const FIRST_SYMBOL = 3
const ASCII = 128
/** Symbols of characters: those of ASCII are their own, others are written as four, by place and value of each half byte. */
const SYMBOLS = ASCII + 4 * 16

/**
 * Finds any number of texts in a value in one pass over it, letter case aside: the automaton of Aho and Corasick (1975), every
 * transition written out. A value's start and end are symbols of their own, so that a text may be bound to either or both.
 * Symbols that no text holds share one column, so that the table is states x distinct symbols x 4 bytes.
 */
export class Automaton {
  /** Symbol -> column; capitals have the column of their small letter. */
  readonly #columns: Uint8Array
  readonly #width: number
  /** Row and column -> twice the next row's begin, and 1 where something ends there. */
  readonly #table: Int32Array
  /** State -> the next shorter state at which something ends, 0 where none. */
  readonly #links: Int32Array
  /** State -> where its targets begin; they end where those of the next begin. */
  readonly #begins: Int32Array
  readonly #targets: Int32Array
  readonly #startRow: number
  /** Where every text is bound to the start, nothing is left to find once the automaton is back at its root. */
  readonly #dead: number

  constructor(literals: readonly Literal[]) {
    this.#columns = columnsOf(literals)
    this.#width = Math.max(END, ...this.#columns) + 1
    const ends = new Int32Array(literals.length)
    const table = growTrie(
      literals.map((literal) => writtenIn(literal, this.#columns)),
      this.#width,
      ends,
    )
    const states = table.length / this.#width
    const outputs = groupBy(ends, literals, states)
    this.#begins = outputs.begins
    this.#targets = outputs.targets
    this.#links = link(table, this.#width, outputs.begins)
    this.#table = table
    this.#startRow = (table[START] ?? 0) >>> 1
    this.#dead = literals.every(({ start }) => start) ? 0 : -1
  }

  /** Tells `hits` of every text that the value holds. */
  scan(value: string, hits: Hits): void {
    const table = this.#table
    const columns = this.#columns
    const dead = this.#dead
    let row = this.#startRow
    for (let at = 0; at < value.length; at++) {
      const code = value.charCodeAt(at)
      // What was told of so far holds for the folded value too: characters of ASCII fold each by itself.
      if (code >= ASCII) return this.#scanFolded(fold(value), hits)
      const next = table[row + (columns[code] ?? 0)] ?? 0
      row = next >>> 1
      if ((next & 1) === 1) this.#tell(row, value, hits)
      else if (next === dead) return
    }
    const last = table[row + END] ?? 0
    if ((last & 1) === 1) this.#tell(last >>> 1, value, hits)
  }

  #scanFolded(value: string, hits: Hits): void {
    let row = this.#startRow
    const step = (symbol: number): void => {
      const next = this.#table[row + (this.#columns[symbol] ?? OTHER)] ?? 0
      row = next >>> 1
      if ((next & 1) === 1) this.#tell(row, value, hits)
    }
    eachSymbol(value, step)
    const last = this.#table[row + END] ?? 0
    if ((last & 1) === 1) this.#tell(last >>> 1, value, hits)
  }

  #tell(row: number, value: string, hits: Hits): void {
    for (let state = row / this.#width; state !== 0; state = this.#links[state] ?? 0) {
      const end = this.#begins[state + 1] ?? 0
      for (let at = this.#begins[state] ?? 0; at < end; at++) hits.hit(this.#targets[at] ?? 0, value)
    }
  }
}

/** Gives every symbol of the texts a column. */
function columnsOf(literals: readonly Literal[]): Uint8Array {
  const columns = new Uint8Array(SYMBOLS)
  let next = FIRST_SYMBOL
  for (const { text } of literals)
    eachSymbol(text, (symbol) => {
      if (columns[symbol] === OTHER) columns[symbol] = next++
    })
  for (let small = 97; small <= 122; small++) columns[small - 32] = columns[small] ?? OTHER
  return columns
}

function writtenIn({ text, start, end }: Omit<Literal, 'target'>, columns: Uint8Array): readonly number[] {
  const written = start ? [START] : []
  eachSymbol(text, (symbol) => written.push(columns[symbol] ?? OTHER))
  if (end) written.push(END)
  return written
}

function eachSymbol(text: string, each: (symbol: number) => void): void {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < ASCII) each(code)
    else for (let half = 0; half < 4; half++) each(ASCII + half * 16 + ((code >>> (12 - half * 4)) & 15))
  }
}

/** The trie of all texts, row by row, 0 where nothing goes on. Level by level, so that states near the root lie together. */
function growTrie(texts: readonly (readonly number[])[], width: number, ends: Int32Array): Int32Array {
  let table = new Int32Array(width * 64)
  let states = 1
  let left = texts.map((_, at) => at)
  for (let depth = 0; left.length > 0; depth++) {
    const going: number[] = []
    for (const text of left) {
      const column = texts[text]?.[depth]
      if (column === undefined) continue
      if ((states + 1) * width > table.length) {
        const larger = new Int32Array(table.length * 2)
        larger.set(table)
        table = larger
      }
      const slot = (ends[text] ?? 0) * width + column
      if (table[slot] === 0) table[slot] = states++
      ends[text] = table[slot] ?? 0
      going.push(text)
    }
    left = going
  }
  return table.slice(0, states * width)
}

/** Targets in order of the state at which their texts end. */
function groupBy(
  ends: Int32Array,
  literals: readonly Literal[],
  states: number,
): { begins: Int32Array; targets: Int32Array } {
  const begins = new Int32Array(states + 1)
  for (const state of ends) begins[state + 1] = (begins[state + 1] ?? 0) + 1
  for (let state = 0; state < states; state++) begins[state + 1] = (begins[state + 1] ?? 0) + (begins[state] ?? 0)
  const next = begins.slice()
  const targets = new Int32Array(literals.length)
  for (const [at, { target }] of literals.entries()) {
    const state = ends[at] ?? 0
    targets[next[state] ?? 0] = target
    next[state] = (next[state] ?? 0) + 1
  }
  return { begins, targets }
}

/** Turns the trie into the automaton in place, and gives every state its next shorter state at which something ends. */
function link(table: Int32Array, width: number, begins: Int32Array): Int32Array {
  const states = table.length / width
  const fails = new Int32Array(states)
  const links = new Int32Array(states)
  const isEnd = (state: number): boolean => (begins[state + 1] ?? 0) > (begins[state] ?? 0)
  for (let state = 0; state < states; state++) {
    const failRow = (fails[state] ?? 0) * width
    if (state > 0) links[state] = isEnd(fails[state] ?? 0) ? (fails[state] ?? 0) : (links[fails[state] ?? 0] ?? 0)
    for (let column = 0; column < width; column++) {
      const slot = state * width + column
      const child = table[slot] ?? 0
      const shorter = state === 0 ? 0 : (table[failRow + column] ?? 0)
      if (child === 0) table[slot] = shorter
      else fails[child] = shorter
    }
  }
  for (let slot = 0; slot < table.length; slot++) {
    const state = table[slot] ?? 0
    table[slot] = state * width * 2 + (isEnd(state) || links[state] !== 0 ? 1 : 0)
  }
  return links
}
