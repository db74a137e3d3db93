import type { Finding } from '../../../src/contract/rules.ts'
import { RuleJudge } from '../../../src/rules/judge.ts'
import { memoriesOf } from '../../../src/rules/remember/memories.ts'
import { Room } from '../../../src/rules/state/groups.ts'
import { KeyedHash } from '../../../src/runtime/keyed-hash.ts'
import { event, type EventParts } from '../../support/events.ts'
import { ruleWith } from '../one-rule.ts'

export const BEGIN = Date.UTC(2026, 0, 5)
export const HOUR = 3_600_000
export const DAY = 24 * HOUR

/** A judge by one rule that selects `a: 1` and remembers, with a room for `cap` groups. */
export function remembering(extension: string, cap = 1000): RuleJudge {
  const rest = `logsource: {category: inference}\nmodelward:\n  ${extension}`
  const rules = [ruleWith('s: {a: 1}\ncondition: s', rest)]
  const room = new Room(cap)
  return new RuleJudge(rules, { memories: memoriesOf(rules, { room, hash: new KeyedHash(Buffer.alloc(8, 1)) }), room })
}

/** What the judge says of an event that the rule selects, so long after the begin. */
export function at(judge: RuleJudge, ms: number, parts: EventParts = {}): readonly Finding[] {
  return judge.judge(event({ at: BEGIN + ms, ...parts, fields: { a: 1, ...parts.fields } }))
}

/** A judge of the same rule that gets back what the other one had stored. */
export function restored(judge: RuleJudge, extension: string): RuleJudge {
  const next = remembering(extension)
  next.restore(judge.changes())
  return next
}
