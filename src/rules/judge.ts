import { hash } from 'node:crypto'
import type { KeyUse, Score, StateChange } from '../contract/detect.ts'
import type { Event } from '../contract/event.ts'
import type { Finding, Judge, RuleFacts } from '../contract/rules.ts'
import { matchedBy } from './compile/rule.ts'
import { Matcher } from './index/matcher.ts'
import type { Rule } from './parse/syntax.ts'
import { Room } from './state/groups.ts'
import type { Memory, Sign } from './state/stateful.ts'

const NOTHING: readonly Finding[] = Object.freeze([])

/** A rule over several events, ready to be fed. */
export interface Remembering {
  readonly facts: RuleFacts
  /** Ids of the rules whose signs it takes. */
  readonly feeds: readonly string[]
  readonly memory: Memory
}

/** What a judge is made of, beside its rules on single events. */
export interface JudgeParts {
  /** Correlations, each after those that feed it. */
  readonly remembering?: readonly Remembering[]
  /** Ids of rules that feed a correlation and do not speak for themselves. */
  readonly silent?: ReadonlySet<string>
  /** By rule id: what must be added to a rule's matching before it holds (`first_seen`, `absence`). */
  readonly memories?: ReadonlyMap<string, Memory>
  readonly room?: Room
  /** Whether a rule is asked only of events of its log source. Default true. */
  readonly routing?: boolean
  /** What rules over several events could not count, by reason. */
  readonly passedOver?: () => Readonly<Record<string, number>>
}

/**
 * Judges events by rules on single events and feeds what holds to the rules over several. An event that no rule is about
 * costs a few look-ups and allocates next to nothing; what decided is gathered only for a finding. Findings come in the order
 * of the rules, correlations after them.
 */
export class RuleJudge implements Judge {
  readonly rules: readonly RuleFacts[]
  readonly #matcher: Matcher
  readonly #silent: ReadonlySet<string>
  readonly #memories: ReadonlyMap<string, Memory>
  readonly #room: Room
  readonly passedOver: () => Readonly<Record<string, number>>
  readonly #fed = new Map<string, Remembering[]>()
  /** Rules whose matching is all there is to them: nothing remembers, nothing is fed, and they speak. */
  readonly #plain = new Set<RuleFacts>()
  /** Every memory under the prefix of its keys in the store. */
  readonly #stored = new Map<string, Memory>()
  readonly #orphans: StateChange[] = []

  constructor(rules: readonly Rule[], parts: JudgeParts = {}) {
    const { remembering = [], silent = new Set(), memories = new Map(), room = new Room(0), routing = true } = parts
    this.rules = [...rules, ...remembering].map((rule) => rule.facts)
    this.#matcher = new Matcher(rules, { routing })
    this.#silent = silent
    this.#memories = memories
    this.#room = room
    this.passedOver = parts.passedOver ?? (() => ({}))
    for (const one of remembering) {
      for (const id of one.feeds) this.#fed.set(id, [...(this.#fed.get(id) ?? []), one])
      this.#stored.set(prefixOf(one.facts), one.memory)
    }
    for (const { facts } of rules) {
      const memory = memories.get(facts.id)
      if (memory) this.#stored.set(prefixOf(facts), memory)
      else if (!silent.has(facts.id) && !this.#fed.has(facts.id)) this.#plain.add(facts)
    }
  }

  /** Builds the large indexes before the first event needs them: one at each step, so that others may run in between. */
  warm(): Iterable<void> {
    return this.#matcher.warm()
  }

  judge(event: Event, score?: Score): readonly Finding[] {
    const held = this.#matcher.match(event)
    if (held.length === 0) return NOTHING
    const findings: Finding[] = []
    for (const rule of held) {
      const { facts } = rule.rule
      if (this.#plain.has(facts) && score === undefined) {
        findings.push({ rule: facts, event, matched: matchedBy(rule.root, event) })
        continue
      }
      const sign: Sign = { rule: facts, event, score, matched: () => matchedBy(rule.root, event) }
      const memory = this.#memories.get(sign.rule.id)
      const passed = memory ? memory.take(sign) : sign
      if (passed) this.#heard(passed, findings)
    }
    return findings
  }

  tick(now: number): readonly Finding[] {
    const findings: Finding[] = []
    for (const memory of this.#stored.values()) for (const sign of memory.tick?.(now) ?? []) this.#heard(sign, findings)
    return findings.length === 0 ? NOTHING : findings
  }

  changes(): readonly StateChange[] {
    const changes = this.#orphans.splice(0)
    for (const [prefix, memory] of this.#stored)
      for (const { key, value } of memory.changes()) changes.push({ key: `${prefix}/${key}`, value })
    return changes
  }

  restore(state: Iterable<StateChange>): void {
    for (const { key, value } of state) {
      const slash = key.indexOf('/')
      const memory = this.#stored.get(key.slice(0, slash))
      if (memory) memory.restore({ key: key.slice(slash + 1), value })
      else this.#orphans.push({ key, value: null })
    }
    for (const memory of this.#stored.values()) memory.settle?.()
  }

  *state(): IterableIterator<StateChange> {
    for (const [prefix, memory] of this.#stored)
      for (const { key, value } of memory.state()) yield { key: `${prefix}/${key}`, value }
  }

  keys(): KeyUse {
    const { held, cap, evicted } = this.#room
    return { held, cap, evicted }
  }

  /** A rule held: it speaks unless it only feeds others, and those that it feeds hear of it. */
  #heard(sign: Sign, findings: Finding[]): void {
    if (!this.#silent.has(sign.rule.id)) findings.push(findingOf(sign))
    for (const { memory } of this.#fed.get(sign.rule.id) ?? []) {
      const next = memory.take(sign)
      if (next) this.#heard(next, findings)
    }
  }
}

/** A rule's id and its meaning: what a rule remembered is not taken over by one that means something else. */
function prefixOf({ id, digest }: RuleFacts): string {
  return hash('sha256', `${id}\n${digest}`).slice(0, 16)
}

function findingOf({ rule, event, score, events, groupFields, matched }: Sign): Finding {
  return {
    rule,
    event: score?.event ?? event,
    ...(score === undefined ? {} : { score }),
    matched: matched(),
    ...(events === undefined ? {} : { events }),
    ...(groupFields === undefined ? {} : { groupFields }),
  }
}
