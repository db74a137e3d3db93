import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadRules, type LoadedRules } from '../../src/rules/load.ts'
import { modelward } from '../support/command.ts'
import { event } from '../support/events.ts'
import { holds, ruleText } from './one-rule.ts'

function load(text: string): LoadedRules {
  return loadRules([], { files: [{ file: 'rules.yml', text }] })
}

/** What rsigma 0.23 gets wrong, measured. */
describe('faults of rsigma that this engine does not have', () => {
  test.each([0, 1, 2, 3, 4])(
    'base64offset|contains finds a text that begins at byte %i of what was encoded',
    (offset) => {
      const line = "command|base64offset|contains: 'Invoke-WebRequest'"
      const encoded = Buffer.from(`${'#'.repeat(offset)}Invoke-WebRequest http://203.0.113.9/a`).toString('base64')
      expect(holds(line, { command: `powershell -enc ${encoded}` })).toBe(true)
      const other = Buffer.from(`${'#'.repeat(offset)}invoke webrequest http://203.0.113.9/a`).toString('base64')
      expect(holds(line, { command: `powershell -enc ${other}` })).toBe(false)
    },
  )

  test('a placeholder that nothing stands for refuses the rule, and says where', () => {
    const { rules, judge, problems } = load(ruleText("selection:\n  user|expand: '%admins%'\ncondition: selection"))
    expect(rules).toEqual([])
    expect(judge.judge(event({ fields: { user: '%admins%' } }))).toEqual([])
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ file: 'rules.yml', line: 7 })
    expect(problems[0]?.what).toContain('%admins%')
  })

  test('an unknown modifier is an error of the command line, not a rule left out in silence', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'modelward-rules-'))
    writeFileSync(join(folder, 'rule.yml'), ruleText('selection:\n  user|begins: a\ncondition: selection'))
    const { code, out, err } = await modelward(['rules', 'lint', folder])
    expect(code).toBe(1)
    expect(out + err).toContain('`begins` is not a modifier')
  })
})

const ONE_OF_TWO = (name: string): string => `title: ${name}
name: ${name}
id: ${name === 'first' ? '11111111' : '22222222'}-5f28-4b4e-9f6c-3c8a5a3b3a10
logsource: {category: inference}
detection:
  selection: {kind: ${name}}
  condition: selection
`

function correlation(lines: string): string {
  return `title: Both
id: 33333333-5f28-4b4e-9f6c-3c8a5a3b3a10
correlation:
${lines.replaceAll(/^/gm, '  ')}
`
}

function fired(judge: LoadedRules['judge'], fields: readonly Record<string, unknown>[]): number {
  const start = Date.UTC(2026, 0, 5, 12)
  return fields.flatMap((one, at) => judge.judge(event({ at: start + at * 1000, fields: one }))).length
}

describe('faults of rsigma over several events', () => {
  const temporal = [
    ONE_OF_TWO('first'),
    ONE_OF_TWO('second'),
    correlation('type: temporal\nrules: [first, second]\ngroup-by: [user]\ntimespan: 5m'),
  ].join('---\n')

  test('temporal without a condition waits for all of its rules', () => {
    const { judge, problems } = load(temporal)
    expect(problems).toEqual([])
    expect(
      fired(judge, [
        { kind: 'first', user: 'a' },
        { kind: 'first', user: 'a' },
      ]),
    ).toBe(0)
    expect(fired(judge, [{ kind: 'second', user: 'b' }])).toBe(0)
    expect(fired(judge, [{ kind: 'second', user: 'a' }])).toBe(1)
  })

  test('value_percentile obeys its predicate', () => {
    const text = [
      ONE_OF_TWO('first'),
      correlation(
        'type: value_percentile\nrules: [first]\ngroup-by: [user]\ntimespan: 5m\ncondition: {field: bytes, percentile: 50, gt: 100}',
      ),
    ].join('---\n')
    const of = (...bytes: readonly number[]): number => {
      const { judge, problems } = load(text)
      expect(problems).toEqual([])
      return fired(
        judge,
        bytes.map((number) => ({ kind: 'first', user: 'a', bytes: number })),
      )
    }
    expect(of(1, 2, 3, 4)).toBe(0)
    expect(of(1, 1, 1, 1000)).toBe(0)
    expect(of(1, 1000, 1000)).toBeGreaterThan(0)
  })
})
