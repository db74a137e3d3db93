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

/** Hears of what is found, of each text at least once. */
export interface Hits {
  hit(target: number, text: string): void
}

/** Finds any number of texts in a value, letter case aside. */
export interface Finder {
  /** Tells `hits` of every text that the value holds. */
  scan(value: string, hits: Hits): void
}
