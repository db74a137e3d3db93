import type { Finder, Hits, Literal } from './literal.ts'
import { small, Symbols, SYMBOLS, symbolsOf } from './symbols.ts'
import { NO_STATE, Trie } from './trie.ts'

/** The column of all symbols that no text holds. */
const OTHER = 0

/** States so near the root are rows too, for they are met most. */
const NEAR = 2

/** After it, scans are numbered anew. */
const LAST_SCAN = 2 ** 32 - 1

const SCRATCH = new Symbols()

/** A state is a number: twice twice its place in the table, and these. */
const TELLS = 1
const SPARSE = 2

/**
 * Finds any number of texts in a value in one pass over it, letter case aside: the automaton of Aho and Corasick (1975).
 * Symbols that no text holds share one column. A state that goes on in several ways, or is near the root, is a row: its
 * number, then the next state for every column. Any other, and these are nearly all, is four numbers: its own, the column by
 * which it goes on, the next state, and the state that answers for all other columns.
 */
export class Automaton implements Finder {
  /** Symbol -> column; capitals have the column of their small letter. */
  readonly #columns: Uint8Array
  readonly #table: Int32Array
  /** State's number -> the number of the next shorter state at which something ends, 0 where none. */
  readonly #links: Int32Array
  /** State's number -> where its targets begin; they end where those of the next begin. */
  readonly #begins: Int32Array
  readonly #targets: Int32Array
  /** By a state's first target: the number of the last scan that told of it. */
  readonly #told: Uint32Array
  #scan = 0
  /** Where every text is bound to the start, nothing is left to find once the automaton is back at its root. */
  readonly #dead: number

  constructor(literals: readonly Literal[]) {
    const written = literals.map(({ text, start, end }) => symbolsOf(text, start, end))
    this.#columns = columnsOf(written)
    const width = Math.max(...this.#columns) + 1
    const texts = written.map((symbols) => symbols.map((symbol) => this.#columns[symbol] ?? OTHER))
    const trie = new Trie(texts, width)
    const outputs = groupBy(trie.ends, literals, trie.states)
    this.#begins = outputs.begins
    this.#targets = outputs.targets
    this.#told = new Uint32Array(literals.length)
    this.#links = linksOf(trie, outputs.begins)
    this.#table = tableOf(trie, width, (state) => this.#isTelling(state))
    this.#dead = literals.every(({ start }) => start) ? 0 : -1
  }

  scan(value: string, hits: Hits): void {
    this.#begin()
    const length = SCRATCH.write(value)
    const { bytes } = SCRATCH
    const columns = this.#columns
    const table = this.#table
    const dead = this.#dead
    let state = 0
    for (let at = 0; at < length; at++) {
      const column = columns[bytes[at] ?? 0] ?? OTHER
      let place = state >>> 2
      while ((state & SPARSE) !== 0 && table[place + 1] !== column) {
        state = table[place + 3] ?? 0
        place = state >>> 2
      }
      state = table[(state & SPARSE) === 0 ? place + 1 + column : place + 2] ?? 0
      if ((state & TELLS) !== 0) this.#tell(state, value, hits)
      else if (state === dead) return
    }
  }

  #isTelling(state: number): boolean {
    return this.#links[state] !== 0 || (this.#begins[state + 1] ?? 0) > (this.#begins[state] ?? 0)
  }

  #begin(): void {
    if (this.#scan < LAST_SCAN) this.#scan++
    else {
      this.#told.fill(0)
      this.#scan = 1
    }
  }

  /** Where a state was told of already, so were all shorter ones. */
  #tell(from: number, value: string, hits: Hits): void {
    const scan = this.#scan
    for (let state = this.#table[from >>> 2] ?? 0; state !== 0; state = this.#links[state] ?? 0) {
      let at = this.#begins[state] ?? 0
      const end = this.#begins[state + 1] ?? 0
      if (at === end) continue
      if (this.#told[at] === scan) return
      this.#told[at] = scan
      for (; at < end; at++) hits.hit(this.#targets[at] ?? 0, value)
    }
  }
}

/** Gives every symbol of the texts a column. */
function columnsOf(texts: readonly (readonly number[])[]): Uint8Array {
  const columns = new Uint8Array(SYMBOLS)
  let next = OTHER + 1
  for (const text of texts) for (const symbol of text) if (columns[symbol] === OTHER) columns[symbol] = next++
  return columns.map((_, symbol) => columns[small(symbol)] ?? OTHER)
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
  const isRow = (state: number): boolean => trie.isWithin(state, NEAR) || trie.isBranching(state)
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
