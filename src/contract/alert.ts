import type { Level, RuleFacts } from './rules.ts'
import type { EcsFields, EventRef } from './event.ts'

export type AlertState = 'pending' | 'firing' | 'resolved'

/** Many findings about one thing. A plain JSON value: stored, sent and shown as it is. Holds no clear principal and no text. */
export interface Alert {
  /** Stable: a hash of the fingerprint and the first event's id. Replaying the same input gives the same ids. */
  readonly id: string
  /** Same fingerprint, same thing: sha256 over rule id and group-by values, hex. */
  readonly fingerprint: string
  readonly rule: AlertRule
  readonly level: Level
  readonly state: AlertState
  /** Epoch ms of the first and last event, and of the end once resolved. */
  readonly startedAt: number
  readonly lastAt: number
  readonly endedAt?: number
  /** How many findings. */
  readonly count: number
  /** Who had the findings, where it is one principal. */
  readonly principal?: string
  /**
   * Who had them, where they are several, in the order they came, at most 32; then `principal` is absent. Nobody is here
   * without a finding of his own: partners that a score merely names are not.
   */
  readonly principals?: readonly string[]
  /** Findings of principals who came after those 32: counted here and not named. */
  readonly unnamed?: number
  /** The group-by fields and their values. */
  readonly labels: Readonly<Record<string, string>>
  /** One sentence: who did what, seen against expected. */
  readonly reason: string
  /** 0…100. */
  readonly risk: number
  /** At most 20: the first ten and the last ten. */
  readonly evidence: readonly Evidence[]
  readonly silencedBy?: string
  readonly acknowledgedBy?: string
  readonly resolvedBy?: string
  /** Counts every change; a document's version. */
  readonly revision: number
}

export type AlertRule = Omit<RuleFacts, 'logsource'>

/** One finding of an alert, as it may be stored. */
export interface Evidence {
  readonly event: EvidenceEvent
  /** The fields that decided; identities as pseudonyms, text left out. */
  readonly matched: Readonly<Record<string, unknown>>
  readonly ecs: EcsFields
  readonly score?: EvidenceScore
  /** Of a rule over several events: those that made it, oldest first. */
  readonly events?: readonly EventRef[]
}

export interface EvidenceEvent {
  readonly id: string
  readonly at: number
  readonly source: string
  readonly format: string
  readonly file?: string
  readonly index?: number
}

export interface EvidenceScore {
  readonly detector: string
  readonly p: number | null
  readonly e?: number
  readonly direction: string
  readonly feature: string
  readonly seen: number
  readonly expected: number | null
  readonly text: string
  readonly exemplars?: readonly string[]
}

/** Mutes alerts whose labels match, until it ends. Author and comment are required. */
export interface Silence {
  readonly id: string
  readonly author: string
  readonly comment: string
  readonly startsAt: number
  readonly endsAt: number
  readonly matchers: readonly Matcher[]
}

/**
 * `name` is `rule`, `principal`, `level`, `control`, or a label. Of several principals or controls, `equal` asks whether one
 * of them has the value, and its opposite whether none has.
 */
export interface Matcher {
  readonly name: string
  readonly value: string
  readonly equal: boolean
}

/** Why a group is told about now, in Alertmanager's sense. */
export type NotificationKind = 'firing' | 'update' | 'repeat' | 'resolved'

/** One telling of a group of alerts. Its id is stable, so that a receiver can drop what it already has. */
export interface Notification {
  readonly id: string
  readonly at: number
  readonly kind: NotificationKind
  readonly groupKey: string
  readonly labels: Readonly<Record<string, string>>
  readonly alerts: readonly Alert[]
}
