import type { Event } from '../../../src/contract/event.ts'
import { linkCorrelations, type Linked } from '../../../src/rules/correlate/link.ts'
import type { CorrelationOptions } from '../../../src/rules/correlate/memory.ts'
import { RuleJudge } from '../../../src/rules/judge.ts'
import { parseDocuments } from '../../../src/rules/parse/documents.ts'
import type { Documents } from '../../../src/rules/parse/syntax.ts'
import { Room } from '../../../src/rules/state/groups.ts'
import { KeyedHash } from '../../../src/runtime/keyed-hash.ts'
import { event } from '../../support/events.ts'

export const BEGIN = Date.UTC(2026, 0, 5, 12)

/** Rules `a`, `b`, `c` that hold for events whose `is` is their name, or a list with it. */
const RULES = ['a', 'b', 'c'].map(
  (name) => `title: Rule ${name}\nname: ${name}\nid: id-${name}\nlevel: low\nlogsource: {category: inference}
detection:\n  selection:\n    is: ${name}\n  condition: selection\n`,
)

/** A correlation document; `body` is indented by itself. */
export function correlationText(body: string, head = 'title: C\nid: id-C\nname: C\nlevel: high'): string {
  return `${head}\ncorrelation:\n${body.trim().replaceAll(/^/gm, '  ')}\n`
}

export function documents(...texts: readonly string[]): Documents {
  return parseDocuments('correlations.yml', [...RULES, ...texts].join('---\n'))
}

export function options(more: Partial<CorrelationOptions> = {}): CorrelationOptions {
  return { room: new Room(1_000), hash: new KeyedHash(new Uint8Array(8).fill(7)), ...more }
}

export function linked(read: Documents, more: Partial<CorrelationOptions> = {}): Linked {
  if (read.problems.length > 0) throw new Error(read.problems.map(({ part, what }) => `${part}: ${what}`).join('\n'))
  return linkCorrelations(read.correlations, read.rules, options(more))
}

export function judgeOf(read: Documents, more: Partial<CorrelationOptions> = {}): RuleJudge {
  const { remembering, silent, problems } = linked(read, more)
  if (problems.length > 0) throw new Error(problems.map(({ part, what }) => `${part}: ${what}`).join('\n'))
  return new RuleJudge(read.rules, { remembering, silent })
}

/** An event at `seconds` after the begin. */
export function happens(seconds: number, is: string | readonly string[], fields: Record<string, unknown> = {}): Event {
  return event({ at: BEGIN + seconds * 1_000, fields: { is, user: 'u', ...fields }, principal: 'key:1' })
}

/** For every event in turn the titles of the rules that spoke. */
export function heard(
  body: string,
  events: readonly Event[],
  more: Partial<CorrelationOptions> = {},
): readonly string[] {
  const judge = judgeOf(documents(correlationText(body)), more)
  return events.map((one) =>
    judge
      .judge(one)
      .map(({ rule }) => rule.title)
      .join(' '),
  )
}
