/** No child has the root's number, so it says that there is none. */
export const NO_STATE = 0

/**
 * The trie of texts written as columns (numbers below `width`), with what Aho and Corasick (1975) add to it: for every state
 * the state of its longest proper suffix. State 0 is the root. Made to be thrown away: children are lists of siblings.
 */
export class Trie {
  /** How many states there are. */
  readonly states: number
  /** Text -> the state at which it ends. */
  readonly ends: Int32Array
  /** State -> the state of its longest proper suffix that is one. */
  readonly fails: Int32Array
  /** States so that a shorter one never comes after a longer one. */
  readonly byLength: Int32Array
  readonly #firsts: Int32Array
  readonly #siblings: Int32Array
  readonly #columns: Uint8Array
  /** How many columns lead to a state from the root. */
  readonly #depths: Uint16Array
  /** Column -> the root's child, which is asked for most. */
  readonly #ofRoot: Int32Array

  constructor(texts: readonly (readonly number[])[], width: number) {
    const most = texts.reduce((sum, text) => sum + text.length, 1)
    this.#firsts = new Int32Array(most)
    this.#siblings = new Int32Array(most)
    this.#columns = new Uint8Array(most)
    this.#depths = new Uint16Array(most)
    this.#ofRoot = new Int32Array(width)
    this.ends = new Int32Array(texts.length)
    this.states = this.#grow(texts)
    this.byLength = this.#sorted()
    this.fails = this.#failing()
  }

  /** Whether a state goes on in more than one way. */
  isBranching(state: number): boolean {
    return this.#siblings[this.#firsts[state] ?? 0] !== NO_STATE
  }

  /** Whether a state is at most so many columns from the root. */
  isWithin(state: number, columns: number): boolean {
    return (this.#depths[state] ?? 0) <= columns
  }

  /** The first state that goes on from a state; 0 where none does. */
  firstChild(state: number): number {
    return this.#firsts[state] ?? 0
  }

  /** The next state after a child of the same state; 0 after the last. */
  nextChild(child: number): number {
    return this.#siblings[child] ?? 0
  }

  /** The column by which a state is reached. */
  columnOf(state: number): number {
    return this.#columns[state] ?? 0
  }

  #grow(texts: readonly (readonly number[])[]): number {
    let states = 1
    for (const [at, text] of texts.entries()) {
      let state = 0
      for (const column of text) {
        let child = this.#child(state, column)
        if (child === NO_STATE) {
          child = states++
          this.#columns[child] = column
          this.#depths[child] = Math.min((this.#depths[state] ?? 0) + 1, 65_535)
          this.#siblings[child] = this.#firsts[state] ?? 0
          this.#firsts[state] = child
          if (state === 0) this.#ofRoot[column] = child
        }
        state = child
      }
      this.ends[at] = state
    }
    return states
  }

  #child(state: number, column: number): number {
    if (state === 0) return this.#ofRoot[column] ?? 0
    let child = this.#firsts[state] ?? 0
    while (child !== NO_STATE && this.#columns[child] !== column) child = this.#siblings[child] ?? 0
    return child
  }

  #sorted(): Int32Array {
    const sorted = new Int32Array(this.states)
    let count = 1
    for (let at = 0; at < count; at++)
      for (let child = this.#firsts[sorted[at] ?? 0] ?? 0; child !== NO_STATE; child = this.#siblings[child] ?? 0)
        sorted[count++] = child
    return sorted
  }

  #failing(): Int32Array {
    const fails = new Int32Array(this.states)
    for (const state of this.byLength)
      for (let child = this.#firsts[state] ?? 0; child !== NO_STATE; child = this.#siblings[child] ?? 0) {
        if (state === 0) continue
        const column = this.#columns[child] ?? 0
        let shorter = fails[state] ?? 0
        let found = this.#child(shorter, column)
        while (found === NO_STATE && shorter !== 0) {
          shorter = fails[shorter] ?? 0
          found = this.#child(shorter, column)
        }
        fails[child] = found
      }
    return fails
  }
}
