import type { Event, EventRef } from './event.ts'
import type { KeyUse, Score, StateChange } from './detect.ts'

/** Sigma's levels. ECS severity: informational and low 21, medium 47, high 73, critical 99. */
export type Level = 'informational' | 'low' | 'medium' | 'high' | 'critical'

export interface Technique {
  /** `AML.T0024.002` or `T1552.005`. */
  readonly id: string
  readonly name?: string
}

/** What a rule is, apart from how it matches; carried by every finding and alert it raises. */
export interface RuleFacts {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly level: Level
  /** Where it stands: the path of its file. */
  readonly file: string
  readonly logsource: { readonly category?: string; readonly product?: string; readonly service?: string }
  /** Control ids of the mission: `DP-2`. */
  readonly controls: readonly string[]
  readonly atlas: readonly Technique[]
  readonly attack: readonly Technique[]
  readonly tags: readonly string[]
  readonly falsePositives: readonly string[]
  readonly references: readonly string[]
  readonly author?: string
  readonly license?: string
  readonly runbook: string
  /**
   * What one alert is about: `principal`, or dotted fields. Events that agree on all of these are one alert. Default:
   * principal; of a correlation, its own group-by.
   */
  readonly groupBy: readonly string[]
  /** The playbook that is planned when it fires. */
  readonly playbook?: string
  /** An alert of this rule ends when no finding came for so long, ms; the config's `resolve_after` where it says nothing. */
  readonly resolveAfterMs?: number
  /** sha256 over the rule's meaning, hex. */
  readonly digest: string
}

/** A rule that matched an event or a score, or several of them together. */
export interface Finding {
  readonly rule: RuleFacts
  /** The event, or for a score the event that the score is on; of several, the one that completed them. */
  readonly event: Event
  readonly score?: Score
  /** The fields and values that decided. */
  readonly matched: Readonly<Record<string, unknown>>
  /** Of a rule over several events: those that made it, oldest first, the newest 100. */
  readonly events?: readonly EventRef[]
  /** Group-by words that stand for another field of `event`: a correlation's alias -> dotted field. */
  readonly groupFields?: Readonly<Record<string, string>>
}

/**
 * events and scores -> findings. Rules over several events keep a bounded state, which is stored and restored as a
 * detector's is: `changes` yields what moved since it was last called, `restore` gets all of it back and drops what belongs
 * to no rule any more. Cutting the stream into batches anywhere changes no finding.
 */
export interface Judge {
  readonly rules: readonly RuleFacts[]
  /** `score` is set when `event` is a score seen as an event. */
  judge(event: Event, score?: Score): readonly Finding[]
  /** The daemon's clock (of a replay, event time) has reached `now`, epoch ms: what has not come in time is found missing. */
  tick(now: number): readonly Finding[]
  changes(): readonly StateChange[]
  restore(state: Iterable<StateChange>): void
  /** All of the state, for the judge that takes over at a reload. */
  state(): Iterable<StateChange>
  keys(): KeyUse
  /** Events that a rule over several was about and could not count, by reason, since the judge was made. */
  passedOver(): Readonly<Record<string, number>>
}
