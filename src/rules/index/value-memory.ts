/** What is known of a value of one key. */
export interface Found {
  /** The atoms that hold because of it. */
  readonly atoms: readonly number[]
  /** By question that this value alone decides: 0 not asked yet, 1 no, 2 yes. */
  readonly answers: Uint8Array
}

/** Characters of the longest value that is remembered. */
export const LONGEST = 256
/** So many values are looked up before it is counted how many of them were known. */
export const WINDOW = 512
/** With fewer known in a window the memory rests: values hardly come again. */
const WORTH = WINDOW / 4
/** So many values pass unlooked-up before a resting memory tries again. */
export const REST = 64 * WINDOW

/**
 * A memory from the values of one key to what was found in them: in telemetry, most values come again and again. Where they do
 * not, as with ids and whole messages, it rests and costs nothing. Whoever holds it bounds what it holds by `forget`.
 */
export class ValueMemory {
  readonly #known = new Map<string, Found>()
  readonly #questions: number
  #looks = 0
  #hits = 0
  #rest = 0

  /** `questions`: how many a value alone decides. */
  constructor(questions: number) {
    this.#questions = questions
  }

  /** Values held. */
  get size(): number {
    return this.#known.size
  }

  /** Whether the value is one to look up, and to learn if it is not known. */
  takes(value: string): boolean {
    if (value.length > LONGEST) return false
    if (this.#rest === 0) return true
    this.#rest--
    return false
  }

  find(value: string): Found | undefined {
    const found = this.#known.get(value)
    if (found) this.#hits++
    if (++this.#looks === WINDOW) {
      if (this.#hits < WORTH) {
        this.#rest = REST
        this.#known.clear()
      }
      this.#looks = 0
      this.#hits = 0
    }
    return found
  }

  learn(value: string, atoms: readonly number[]): Found {
    const found = { atoms, answers: new Uint8Array(this.#questions) }
    // A copy: a value may be a part of a long record, which it would keep alive.
    this.#known.set(JSON.parse(JSON.stringify(value)) as string, found)
    return found
  }

  forget(): void {
    this.#known.clear()
  }
}
