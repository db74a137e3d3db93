import { fold } from '../compile/text.ts'
import { NO_STATE, Trie } from './trie.ts'

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

/** A state is a number: twice twice its place in the table, and these. */
const TELLS = 1
const SPARSE = 2

/**
 * Finds any number of texts in a value in one pass over it, letter case aside: the automaton of Aho and Corasick (1975). A
 * value's start and end are symbols of their own, so that a text may be bound to either or both. Symbols that no text holds
 * share one column. A state that goes on in several ways is a row: its number, then the next state for every column. Any
 * other, and these are nearly all, is four numbers: its own, the column by which it goes on, the next state, and the state
 * that answers for all other columns.
 */
export class Automaton {
  /** Symbol -> column; capitals have the column of their small letter. */
  readonly #columns: Uint8Array
  readonly #table: Int32Array
  /** State's number -> the number of the next shorter state at which something ends, 0 where none. */
  readonly #links: Int32Array
  /** State's number -> where its targets begin; they end where those of the next begin. */
  readonly #begins: Int32Array
  readonly #targets: Int32Array
  readonly #start: number
  /** Where every text is bound to the start, nothing is left to find once the automaton is back at its root. */
  readonly #dead: number

  constructor(literals: readonly Literal[]) {
    this.#columns = columnsOf(literals)
    const width = Math.max(END, ...this.#columns) + 1
    const texts = literals.map((literal) => writtenIn(literal, this.#columns))
    const trie = new Trie(texts, width)
    const outputs = groupBy(trie.ends, literals, trie.states)
    this.#begins = outputs.begins
    this.#targets = outputs.targets
    this.#links = linksOf(trie, outputs.begins)
    this.#table = tableOf(trie, width, (state) => this.#isTelling(state))
    this.#start = this.#next(0, START)
    this.#dead = literals.every(({ start }) => start) ? 0 : -1
  }

  /** Tells `hits` of every text that the value holds. */
  scan(value: string, hits: Hits): void {
    const columns = this.#columns
    const dead = this.#dead
    let state = this.#start
    for (let at = 0; at < value.length; at++) {
      const code = value.charCodeAt(at)
      // What was told of so far holds for the folded value too: characters of ASCII fold each by itself.
      if (code >= ASCII) return this.#scanFolded(fold(value), hits)
      state = this.#next(state, columns[code] ?? OTHER)
      if ((state & TELLS) !== 0) this.#tell(state, value, hits)
      else if (state === dead) return
    }
    this.#end(state, value, hits)
  }

  #scanFolded(value: string, hits: Hits): void {
    let state = this.#start
    const step = (symbol: number): void => {
      state = this.#next(state, this.#columns[symbol] ?? OTHER)
      if ((state & TELLS) !== 0) this.#tell(state, value, hits)
    }
    eachSymbol(value, step)
    this.#end(state, value, hits)
  }

  #end(state: number, value: string, hits: Hits): void {
    const last = this.#next(state, END)
    if ((last & TELLS) !== 0) this.#tell(last, value, hits)
  }

  #next(from: number, column: number): number {
    const table = this.#table
    let state = from
    while ((state & SPARSE) !== 0) {
      const place = state >>> 2
      if (table[place + 1] === column) return table[place + 2] ?? 0
      state = table[place + 3] ?? 0
    }
    return table[(state >>> 2) + 1 + column] ?? 0
  }

  #isTelling(state: number): boolean {
    return this.#links[state] !== 0 || (this.#begins[state + 1] ?? 0) > (this.#begins[state] ?? 0)
  }

  #tell(from: number, value: string, hits: Hits): void {
    for (let state = this.#table[from >>> 2] ?? 0; state !== 0; state = this.#links[state] ?? 0) {
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

/** Gives every state its next shorter state at which something ends. */
function linksOf({ states, fails, byLength }: Trie, begins: Int32Array): Int32Array {
  const links = new Int32Array(states)
  for (const state of byLength) {
    const shorter = fails[state] ?? 0
    links[state] = (begins[shorter + 1] ?? 0) > (begins[shorter] ?? 0) ? shorter : (links[shorter] ?? 0)
  }
  return links
}

/** Lays the states out; rows of short ones first, because they are met most. */
function tableOf(trie: Trie, width: number, isTelling: (state: number) => boolean): Int32Array {
  const isRow = (state: number): boolean => state === 0 || trie.isBranching(state)
  const written = new Int32Array(trie.states)
  let size = 0
  for (const state of trie.byLength)
    if (isRow(state)) {
      written[state] = (size << 2) | Number(isTelling(state))
      size += 1 + width
    }
  for (let state = 0; state < trie.states; state++)
    if (!isRow(state)) {
      written[state] = (size << 2) | SPARSE | Number(isTelling(state))
      size += 4
    }
  const table = new Int32Array(size)
  for (const state of trie.byLength) {
    const place = (written[state] ?? 0) >>> 2
    table[place] = state
    if (isRow(state)) fillRow(table.subarray(place + 1, place + 1 + width), state, { trie, written, table })
    else {
      const child = trie.firstChild(state)
      table[place + 1] = child === NO_STATE ? -1 : trie.columnOf(child)
      table[place + 2] = written[child] ?? 0
      table[place + 3] = written[trie.fails[state] ?? 0] ?? 0
    }
  }
  return table
}

interface Laid {
  readonly trie: Trie
  /** State of the trie -> state of the automaton. */
  readonly written: Int32Array
  readonly table: Int32Array
}

/** The row of a state: that of the nearest shorter state that has one, and over it what the states between go on to. */
function fillRow(row: Int32Array, state: number, { trie, written, table }: Laid): void {
  if (state !== 0) {
    const shorter = trie.fails[state] ?? 0
    const between: number[] = []
    let at = shorter
    while (((written[at] ?? 0) & SPARSE) !== 0) {
      between.push(at)
      at = trie.fails[at] ?? 0
    }
    const place = ((written[at] ?? 0) >>> 2) + 1
    row.set(table.subarray(place, place + row.length))
    for (const one of between.toReversed()) goOn(row, one, trie, written)
  }
  goOn(row, state, trie, written)
}

function goOn(row: Int32Array, state: number, trie: Trie, written: Int32Array): void {
  for (let child = trie.firstChild(state); child !== NO_STATE; child = trie.nextChild(child))
    row[trie.columnOf(child)] = written[child] ?? 0
}
