import type { Alert, AlertRule, AlertState, Evidence } from '../contract/alert.ts'
import type { Finding, Level, RuleFacts } from '../contract/rules.ts'
import { principalsOf } from '../runtime/alert-principals.ts'
import { evidenceOf, shortened } from './evidence.ts'
import { overflowFingerprint, principalOf } from './fingerprint.ts'
import type { GroupValues } from './fingerprint.ts'
import { overflowSentence, sentenceOf, strengthOf } from './reason.ts'
import { isLate } from './resolve.ts'
import { weightOf } from './risk.ts'

/** What an alert's document does not hold but its life needs; stored beside it while it is open or not yet told. */
export interface Life {
  /** When, on the daemon's clock, the last timely finding came. */
  readonly seenAt: number
  /** The strength of the finding that `reason` is about. */
  readonly strength: number
  /** The key of its group. */
  readonly group: string
}

interface Opening {
  readonly id: string
  readonly fingerprint: string
  readonly values: GroupValues
  /** Set for the alert that counts what a rule finds beyond its limit. */
  readonly isOverflow: boolean
}

const FIRST = 10
const LAST = 10
/** So many principals an alert names; findings of those who come after them are counted. */
const MOST_PRINCIPALS = 32

/** An alert while it lives in memory: findings are added to it, and a plain `Alert` is made of it when one is asked for. */
export class OpenAlert {
  readonly id: string
  readonly fingerprint: string
  readonly rule: AlertRule
  readonly level: Level
  readonly labels: Readonly<Record<string, string>>
  readonly isOverflow: boolean
  group = ''
  state: AlertState = 'firing'
  startedAt: number
  lastAt: number
  seenAt: number
  endedAt: number | undefined
  silencedBy: string | undefined
  acknowledgedBy: string | undefined
  resolvedBy: string | undefined
  readonly #limit: number
  /** In the order they came. An overflow alert names nobody. */
  #principals: readonly string[] = []
  #unnamed = 0
  #count = 0
  #risk = 0
  #reason = ''
  #strength = -1
  #strongest: Finding | undefined
  #revision = 0
  #first: Evidence[] = []
  /** Findings become evidence when the alert is next asked for; most are pushed out before. */
  #last: (Evidence | Finding)[] = []
  #plain: Alert | undefined

  private constructor(
    opening: Omit<Opening, 'values'>,
    rule: AlertRule,
    labels: Readonly<Record<string, string>>,
    limit: number,
  ) {
    this.id = opening.id
    this.fingerprint = opening.fingerprint
    this.isOverflow = opening.isOverflow
    this.rule = rule
    this.level = rule.level
    this.labels = labels
    this.#limit = limit
    this.startedAt = this.lastAt = this.seenAt = 0
  }

  /** `limit` is the rule's limit of open alerts, for the words of an overflow alert. */
  static open(opening: Opening, finding: Finding, now: number, limit: number): OpenAlert {
    const labels = opening.isOverflow ? { overflow: 'true' } : labelsOf(opening.values)
    const alert = new OpenAlert(opening, ruleOf(finding.rule), labels, limit)
    alert.join(finding)
    alert.startedAt = alert.lastAt = finding.event.at
    alert.seenAt = now
    return alert
  }

  static restore(stored: Alert, life: Life, limit: number): OpenAlert {
    const isOverflow = stored.fingerprint === overflowFingerprint(stored.rule.id)
    const alert = new OpenAlert({ ...stored, isOverflow }, stored.rule, stored.labels, limit)
    alert.#principals = principalsOf(stored)
    alert.#unnamed = stored.unnamed ?? 0
    alert.state = stored.state
    alert.startedAt = stored.startedAt
    alert.lastAt = stored.lastAt
    alert.endedAt = stored.endedAt
    alert.silencedBy = stored.silencedBy
    alert.acknowledgedBy = stored.acknowledgedBy
    alert.resolvedBy = stored.resolvedBy
    alert.seenAt = life.seenAt
    alert.group = life.group
    alert.#count = stored.count
    alert.#risk = stored.risk
    alert.#reason = stored.reason
    alert.#strength = life.strength
    alert.#revision = stored.revision
    alert.#first = stored.evidence.slice(0, FIRST)
    alert.#last = stored.evidence.slice(FIRST)
    alert.#plain = stored
    return alert
  }

  get life(): Life {
    return { seenAt: this.seenAt, strength: this.#strength, group: this.group }
  }

  get isFiring(): boolean {
    return this.state !== 'resolved'
  }

  /** Everyone who had a finding of his own in it, at most 32. */
  get principals(): readonly string[] {
    return this.#principals
  }

  /** Before a finding is added: who it is about, if that is somebody whom the alert does not name yet and now does. */
  join(finding: Finding): string | undefined {
    const principal = this.isOverflow ? undefined : principalOf(finding)
    if (principal === undefined || this.#principals.includes(principal)) return undefined
    if (this.#principals.length >= MOST_PRINCIPALS) {
      this.#unnamed++
      return undefined
    }
    this.#principals = [...this.#principals, principal]
    return principal
  }

  /** One more finding; `risk` is that of its principals. */
  add(finding: Finding, now: number, risk: number): void {
    this.#count++
    if (!isLate(this, finding.event.at)) {
      this.lastAt = Math.max(this.lastAt, finding.event.at)
      this.seenAt = now
    }
    this.#risk = Math.max(weightOf(this.level), Math.round(risk * 10) / 10)
    if (this.#first.length < FIRST) this.#first.push(evidenceOf(finding))
    else if (this.#last.push(finding) > LAST) this.#last.shift()
    const strength = strengthOf(finding)
    if (strength > this.#strength) {
      this.#strength = strength
      this.#strongest = finding
    }
    this.#plain = undefined
  }

  /** Something a person sees has changed. */
  change(apply: (alert: this) => void): void {
    apply(this)
    this.#plain = undefined
  }

  /** The alert as it is now; the same object until something changes. */
  plain(): Alert {
    this.#plain ??= this.#make()
    return this.#plain
  }

  #make(): Alert {
    if (this.isOverflow) this.#reason = overflowSentence(this.rule.title, this.#limit, this.#count)
    else if (this.#strongest) this.#reason = sentenceOf(this.#strongest)
    this.#strongest = undefined
    const last = this.#last.map((item) => ('rule' in item ? evidenceOf(item) : item))
    this.#last = last
    this.#revision++
    return {
      id: this.id,
      fingerprint: this.fingerprint,
      rule: this.rule,
      level: this.level,
      state: this.state,
      startedAt: this.startedAt,
      lastAt: this.lastAt,
      ...(this.endedAt === undefined ? {} : { endedAt: this.endedAt }),
      count: this.#count,
      ...namesOf(this.#principals),
      ...(this.#unnamed === 0 ? {} : { unnamed: this.#unnamed }),
      labels: this.labels,
      reason: this.#reason,
      risk: this.#risk,
      evidence: [...this.#first, ...last],
      ...(this.silencedBy === undefined ? {} : { silencedBy: this.silencedBy }),
      ...(this.acknowledgedBy === undefined ? {} : { acknowledgedBy: this.acknowledgedBy }),
      ...(this.resolvedBy === undefined ? {} : { resolvedBy: this.resolvedBy }),
      revision: this.#revision,
    }
  }
}

function namesOf(principals: readonly string[]): Pick<Alert, 'principal' | 'principals'> {
  const [first, second] = principals
  if (first === undefined) return {}
  return second === undefined ? { principal: first } : { principals }
}

function labelsOf(values: GroupValues): Readonly<Record<string, string>> {
  return Object.fromEntries(values.map(([name, value]) => [name, shortened(value)]))
}

function ruleOf({ logsource: _logsource, ...rule }: RuleFacts): AlertRule {
  return rule
}
