import type { Score, StateChange } from '../../contract/detect.ts'
import type { Event, EventRef } from '../../contract/event.ts'
import type { RuleFacts } from '../../contract/rules.ts'

/** A rule held, for one event: what rules over several events are fed with, and what they answer. */
export interface Sign {
  readonly rule: RuleFacts
  /** What rules see: for a score the score as an event. Its `at` is the sign's time. */
  readonly event: Event
  readonly score?: Score | undefined
  /** The events behind it, oldest first, where there are several. */
  readonly events?: readonly EventRef[]
  readonly groupFields?: Readonly<Record<string, string>>
  /** The fields and values that decided: worked out only for a sign that becomes a finding. */
  readonly matched: () => Readonly<Record<string, unknown>>
}

/** The part of a rule that remembers. `take` is called in order; what it answers depends on nothing but what it was given. */
export interface Memory {
  /** Undefined while it does not hold. */
  take(sign: Sign): Sign | undefined
  /** The daemon's clock has reached `now`, epoch ms. */
  tick?(now: number): readonly Sign[]
  /** What moved since the last call; keys are without the rule's own prefix. */
  changes(): readonly StateChange[]
  restore(change: StateChange): void
  /** Called once after the last `restore`. */
  settle?(): void
  /** Everything that must be stored. */
  state(): Iterable<StateChange>
}
