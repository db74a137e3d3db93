/** Which text of a request it stood in. */
export type Direction = 'prompt' | 'output'

/** Something in a text that should not be there. Holds the secret itself: never stored, never logged, never in a score. */
export interface Leak {
  /** The pattern's id: `openai-key`, `card`, `canary:crm`. */
  readonly rule: string
  /** Where it stands in the text, in UTF-16 units: [start, end). */
  readonly start: number
  readonly end: number
  readonly secret: string
  /** Where it is a matter of degree: how much of a protected text, and what was measured. */
  readonly degree?: { readonly value: number; readonly of: string }
}

/** What was found, and how many characters were not looked at because a limit was reached. */
export interface Findings {
  readonly leaks: readonly Leak[]
  readonly unread: number
}

/** Where a text comes from: one side of a request, or a file. */
export interface Where {
  readonly direction?: Direction
  readonly path?: string
}

/** Looks for one family of leaks in a text. The answer depends on the text and where it comes from alone. */
export interface LeakFinder {
  /** Every rule it can answer with, in a fixed order. */
  readonly rules: readonly string[]
  find(text: string, where?: Where): Findings
}
