import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { verbs } from '../../src/cli/verbs.ts'
import { modelward } from '../support/command.ts'

const folder = mkdtempSync(join(tmpdir(), 'modelward-cli-'))

test('help lists every verb, and each verb has help with examples', async () => {
  const { out, code } = await modelward(['--help'])
  expect(code).toBe(0)
  for (const { name, summary } of verbs) {
    expect(out).toContain(name)
    expect(out).toContain(summary)
  }
  const one = await modelward(['replay', '--help'])
  expect(one.code).toBe(0)
  expect(one.out).toContain('examples:')
  for (const verb of verbs) expect(verb.examples.length).toBeGreaterThan(0)
})

test('a verb or flag that does not exist is answered with 2 and the way', async () => {
  expect(await modelward(['conquer'])).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringContaining('there is no verb "conquer"') as string,
  })
  expect(await modelward(['check', '--loud'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('usage: modelward check') as string,
  })
})

test('a word that several verbs begin with lists these alone', async () => {
  const { out, code } = await modelward(['rules'])
  expect(code).toBe(0)
  expect(out).toContain('rules backtest')
  expect(out).not.toContain('doctor')
  expect(await modelward(['rules', '--help'])).toMatchObject({ code: 0, out })
  expect(await modelward(['rules', 'conquer'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('there is no verb "rules conquer"') as string,
  })
})

test('check answers 0 for what is good and 1, with the place and the cure, for what is not', async () => {
  expect(await modelward(['check'])).toMatchObject({ code: 0 })
  const file = join(folder, 'wrong.yaml')
  writeFileSync(file, 'collect:\n  - kind: file\n    paths: [/var/log/x]\n    pols: 3\n')
  const { code, lines } = await modelward(['check', '-c', file, '--json'])
  expect(code).toBe(1)
  expect(lines).toEqual([
    expect.objectContaining({ kind: 'problem', file, line: 4, part: 'collect[0].pols' }),
    expect.objectContaining({ kind: 'summary', valid: false, problems: 1 }),
  ])
})

test('the embedded rules pass their own tests, and a failing one is named', async () => {
  const good = await modelward(['rules', 'test', '--json'])
  expect(good.code).toBe(0)
  expect(good.lines.at(-1)).toMatchObject({ kind: 'summary', failed: 0, problems: 0 })
  const rules = join(folder, 'rules')
  mkdirSync(rules)
  writeFileSync(
    join(rules, 'liar.yml'),
    `title: Liar
id: 11111111-1111-4111-8111-111111111111
status: test
description: Says it fires and does not.
logsource: {product: aws, service: cloudtrail}
detection: {sel: {eventName: X}, condition: sel}
level: low
falsepositives: [none]
modelward: {controls: [OB-1], runbook: none}
tests:
  - {name: fires, fires: true, event: {eventName: Y}}
  - {name: quiet, fires: false, event: {eventName: Z}}
`,
  )
  const bad = await modelward(['rules', 'test', rules])
  expect(bad.code).toBe(1)
  expect(bad.out).toContain('liar.yml: fires: it stayed quiet')
  expect(await modelward(['check', '-c', configWith(rules)])).toMatchObject({ code: 1 })
})

function configWith(rules: string): string {
  const file = join(folder, 'rules.yaml')
  writeFileSync(file, `rules: {add: [${rules}]}\n`)
  return file
}

test('coverage names every control the pack covers, and rules match finds what a rule matches', async () => {
  const coverage = await modelward(['rules', 'coverage', '--json'])
  const controls = coverage.lines.filter(({ by }) => by === 'controls').map(({ id }) => id)
  expect(controls).toEqual(
    expect.arrayContaining([
      'DP-2',
      'DP-3',
      'DP-5',
      'DP-6',
      'IA-1',
      'IA-3',
      'IA-5',
      'IA-6',
      'ML-8',
      'IN-4',
      'RT-1',
      'OB-1',
    ]),
  )
  const layer = JSON.parse((await modelward(['rules', 'coverage', '--layer', 'attack'])).out) as { domain: string }
  expect(layer.domain).toBe('enterprise-attack')
})

test('verbs that need a data directory or a daemon say what is missing', async () => {
  const nowhere = join(folder, 'nowhere')
  expect(await modelward(['alerts', '--data', nowhere])).toMatchObject({
    code: 3,
    err: expect.stringContaining('there is no data directory') as string,
  })
  expect(await modelward(['playbook', 'list', '--data', nowhere])).toMatchObject({
    code: 3,
    err: expect.stringContaining('no daemon has run') as string,
  })
  expect(await modelward(['audit', 'verify', '--data', nowhere])).toMatchObject({ code: 3 })
})
