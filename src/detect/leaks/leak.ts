/** Which text of a request it stood in. */
export type Direction = 'prompt' | 'output'

/** Something in a text that should not be there. Holds the secret itself: never stored, never logged, never in a score. */
export interface Leak {
  /** The pattern's id: `openai-key`, `card`. */
  readonly rule: string
  /** Where it stands in the text, in UTF-16 units: [start, end). */
  readonly start: number
  readonly end: number
  readonly secret: string
}

/** What was found, and how many characters were not looked at because a limit was reached. */
export interface Findings {
  readonly leaks: readonly Leak[]
  readonly unread: number
}

/** Looks for one family of leaks in a text. The answer depends on the text (and path) alone. */
export interface LeakFinder {
  /** Every rule it can answer with, in a fixed order. */
  readonly rules: readonly string[]
  find(text: string, path?: string): Findings
}
