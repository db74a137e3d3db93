const STATE = 0
const INDEX = 1
const EVENTS = 2
const LEARNED = 3
const RUNG = 4
const FEATURE = 5
const SEEN = 6
const TYPICAL = 7
const CONTRIBUTED = 8

/** Numbers that a day takes in a row. */
export const DAY_NUMBERS = CONTRIBUTED + 1

/** `passed over`: the principal is not compared with its own past yet. */
const STATES = ['none', 'passed over', 'open', 'told'] as const

/** What was most unusual so far: rung of the ladder, which feature, its total and what is typical. */
export interface Peak {
  readonly rung: number
  readonly feature: number
  readonly seen: number
  readonly typical: number
}

/** One principal's day in UTC, by the beginnings of its buckets. A view on the row. */
export class Day {
  readonly #numbers: Float64Array
  readonly #at: number

  constructor(numbers: Float64Array, at: number) {
    this.#numbers = numbers
    this.#at = at
  }

  get state(): (typeof STATES)[number] {
    return STATES[this.#get(STATE)] ?? 'none'
  }
  get index(): number {
    return this.#get(INDEX)
  }
  get events(): number {
    return this.#get(EVENTS)
  }
  /** True when every event was also learned: none of them alerted. */
  get isQuiet(): boolean {
    return this.#get(LEARNED) >= this.events
  }
  get peak(): Peak {
    return {
      rung: this.#get(RUNG),
      feature: this.#get(FEATURE),
      seen: this.#get(SEEN),
      typical: this.#get(TYPICAL),
    }
  }

  begin(index: number, isCompared: boolean): void {
    this.#numbers.fill(0, this.#at, this.#at + CONTRIBUTED)
    this.#set(INDEX, index)
    this.#set(STATE, STATES.indexOf(isCompared ? 'open' : 'passed over'))
  }

  /** Counts an event of this day; of one already over, or not begun, nothing is counted. */
  count(index: number): void {
    if (this.state !== 'none' && this.index === index) this.#set(EVENTS, this.events + 1)
  }
  learn(index: number): void {
    if (this.state !== 'none' && this.index === index) this.#set(LEARNED, this.#get(LEARNED) + 1)
  }

  /** True when this is the most unusual of the day so far. */
  raise(index: number, { rung, feature, seen, typical }: Peak): boolean {
    if (this.state === 'none' || this.index !== index || rung <= this.#get(RUNG)) return false
    this.#set(RUNG, rung)
    this.#set(FEATURE, feature)
    this.#set(SEEN, seen)
    this.#set(TYPICAL, typical)
    return true
  }

  tell(): void {
    this.#set(STATE, STATES.indexOf('told'))
  }

  /** True once, for a principal that no day was learned of. */
  contribute(): boolean {
    if (this.#get(CONTRIBUTED) === 1) return false
    this.#set(CONTRIBUTED, 1)
    return true
  }

  #get(offset: number): number {
    return this.#numbers[this.#at + offset] ?? 0
  }
  #set(offset: number, value: number): void {
    this.#numbers[this.#at + offset] = value
  }
}
