import type { EcsFields } from '../../src/contract/event.ts'
import { RuleJudge } from '../../src/rules/judge.ts'
import { parseDocuments } from '../../src/rules/parse/documents.ts'
import type { Rule } from '../../src/rules/parse/syntax.ts'
import { event } from '../support/events.ts'

/** A rule around a detection, given in YAML with its own indentation. Throws where it cannot be read. */
export function ruleWith(detection: string, rest = 'logsource: {category: inference}'): Rule {
  const { rules, problems } = parseDocuments('rule.yml', ruleText(detection, rest))
  const [rule] = rules
  if (!rule) throw new Error(problems.map(({ part, what }) => `${part}: ${what}`).join('\n'))
  return rule
}

export function ruleText(detection: string, rest = 'logsource: {category: inference}'): string {
  const indented = detection.trimEnd().replaceAll(/^/gm, '  ')
  return `title: A rule\nid: 7d6ee1f6-5f28-4b4e-9f6c-3c8a5a3b3a10\nlevel: low\n${rest}\ndetection:\n${indented}\n`
}

/** Whether a rule with this detection fires on an event with these fields. */
export function fires(detection: string, fields: Record<string, unknown>, ecs: EcsFields = {}): boolean {
  return new RuleJudge([ruleWith(detection)]).judge(event({ fields, ecs })).length > 0
}

/** Whether one line of a selection, such as `name|contains: x`, holds for an event with these fields. */
export function holds(line: string, fields: Record<string, unknown>, ecs: EcsFields = {}): boolean {
  return fires(`selection:\n  ${line.replaceAll('\n', '\n  ')}\ncondition: selection`, fields, ecs)
}
