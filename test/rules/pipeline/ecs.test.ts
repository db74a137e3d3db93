import { expect, test } from 'vitest'
import { RuleJudge } from '../../../src/rules/judge.ts'
import { parseDocuments } from '../../../src/rules/parse/documents.ts'
import { applyPipelines } from '../../../src/rules/pipeline/apply.ts'
import { readPipeline } from '../../../src/rules/pipeline/read.ts'
import { event } from '../../support/events.ts'

const PIPELINE = `
name: ECS for Windows
priority: 20
transformations:
  - id: fields
    type: field_name_mapping
    mapping:
      CommandLine: process.command_line
      Image: process.executable
      ParentImage: process.parent.executable
      User: [user.name, user.id]
    rule_conditions:
      - type: logsource
        product: windows
        category: process_creation
  - id: source
    type: change_logsource
    category: process
    rule_conditions:
      - type: processing_item_applied
        processing_item_id: fields
`

const RULE = `
title: Shadow copies are deleted
id: 1f5c0f6e-6a5c-4c54-9d2e-6e2a0c7f3b11
level: high
logsource: {product: windows, category: process_creation}
detection:
  selection:
    Image|endswith: '\\vssadmin.exe'
    CommandLine|contains|all: [delete, shadows]
  filter:
    User: SYSTEM
  condition: selection and not filter
`

function judged(fields: Record<string, unknown>, withPipeline = true): number {
  const { rules, correlations } = parseDocuments('rule.yml', RULE)
  const { pipeline, problems } = readPipeline('ecs.yml', PIPELINE)
  expect(problems).toEqual([])
  const applied = applyPipelines(pipeline && withPipeline ? [pipeline] : [], { rules, correlations })
  expect(applied.problems).toEqual([])
  return new RuleJudge(applied.rules).judge(event({ fields, logsource: { category: 'process' } })).length
}

const FIELDS = {
  process: { executable: 'C:\\Windows\\System32\\vssadmin.exe', command_line: 'vssadmin delete shadows /all' },
  user: { name: 'eve', id: 'S-1-5-21' },
}

test('A mapping to ECS makes a rule for Sysmon fields fire on an ECS event', () => {
  expect(judged(FIELDS)).toBe(1)
})

test('Without the mapping it does not', () => {
  expect(judged(FIELDS, false)).toBe(0)
})

test('An exception on a field that became two holds for either', () => {
  expect(judged({ ...FIELDS, user: { name: 'SYSTEM' } })).toBe(0)
  expect(judged({ ...FIELDS, user: { id: 'SYSTEM' } })).toBe(0)
})
