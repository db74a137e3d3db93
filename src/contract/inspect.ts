import type { Fields } from './event.ts'

/** What a scheduled check saw. It becomes an event with log source `product: modelward, category: posture`. */
export interface Observation {
  /** What was looked at: an endpoint, a key, a model. */
  readonly subject: string
  readonly at: number
  readonly fields: Fields
}

/** Looks at state on a schedule and says what it saw; whether that is bad is for the rules. */
export interface Check extends AsyncDisposable {
  readonly controls: readonly string[]
  inspect(signal: AbortSignal): Promise<readonly Observation[]>
}
