import type { Event } from './event.ts'
import type { Score } from './detect.ts'

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
  /** What one alert is about: `principal`, or dotted fields. Events that agree on all of these are one alert. Default: principal. */
  readonly groupBy: readonly string[]
  /** The playbook that is planned when it fires. */
  readonly playbook?: string
  /** sha256 over the rule's meaning, hex. */
  readonly digest: string
}

/** A rule that matched an event or a score. */
export interface Finding {
  readonly rule: RuleFacts
  /** The event, or for a score the event that the score is on. */
  readonly event: Event
  readonly score?: Score
  /** The fields and values that decided. */
  readonly matched: Readonly<Record<string, unknown>>
}

/** events and scores -> findings. */
export interface Judge {
  readonly rules: readonly RuleFacts[]
  /** `score` is set when `event` is a score seen as an event. */
  judge(event: Event, score?: Score): readonly Finding[]
}
