import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadRules, type LoadedRules } from '../../src/rules/load.ts'
import { LIMITS } from '../../src/rules/parse/yaml.ts'
import { ruleText } from './one-rule.ts'

function load(text: string, file = 'rule.yml'): LoadedRules {
  return loadRules([], { files: [{ file, text }] })
}

const GOOD = ruleText('selection: {a: 1}\ncondition: selection')

/** A rule, and what must be said of it: line, part, words of the fault, words of the cure. */
const WRONG: Readonly<Record<string, readonly [text: string, line: number, part: string, what: string, cure: string]>> =
  {
    'an unknown modifier': [
      ruleText('selection:\n  eventName: A\n  user|startwith: root\ncondition: selection'),
      8,
      'detection.selection.user|startwith',
      '`startwith` is not a modifier',
      'startswith',
    ],
    'a selection that is not there': [
      ruleText('selection: {a: 1}\ncondition: selection and not filter'),
      7,
      'detection.condition',
      'no selection is called "filter"',
      'There are: selection',
    ],
    'no condition': [ruleText('selection: {a: 1}'), 5, 'detection.condition', 'no condition', 'condition: selection'],
    'no log source': [
      ruleText('selection: {a: 1}\ncondition: selection', 'status: test'),
      1,
      'logsource',
      'missing',
      'a map of keys and values',
    ],
    'a level that does not exist': [
      GOOD.replace('level: low', 'level: severe'),
      3,
      'level',
      '"severe" is not allowed',
      'informational, low, medium, high, critical',
    ],
    'a misspelt key of ours': [
      `${GOOD}modelward:\n  controls: [DP-2]\n  runbok: look\n`,
      10,
      'modelward.runbok',
      'unknown key runbok',
      'spelling',
    ],
    'a control that is none': [
      `${GOOD}modelward:\n  controls:\n    - DP-2\n    - encryption\n`,
      11,
      'modelward.controls[1]',
      'not the id of a control',
      'Correct it',
    ],
    'a test without an answer': [
      `${GOOD}tests:\n  - name: one\n    event: {a: 1}\n`,
      9,
      'tests[0].fires',
      'missing',
      'true or false',
    ],
    'an expression that is not linear': [
      ruleText("selection:\n  - a: 1\n  - b|re: '^(?!x).*$'\ncondition: selection"),
      8,
      'detection.selection[1].b|re',
      '"(?!" at character 2 cannot be matched in linear time',
      'look-around',
    ],
    'a placeholder': [
      ruleText("selection:\n  host|expand: '%servers%'\ncondition: selection"),
      7,
      'detection.selection.host|expand',
      'the placeholder %servers% has no list',
      'Give a list called servers',
    ],
    'a map in a map': [
      ruleText('selection:\n  a:\n    b: 1\ncondition: selection'),
      7,
      'detection.selection.a',
      'a value must be text',
      'dotted field names',
    ],
    'YAML that ends in the middle': [`${GOOD}tags: [a.b, `, 8, 'YAML', 'Flow sequence', 'indentation'],
    'the same key twice': [`${GOOD}level: high\n`, 8, 'YAML', 'unique', 'repeated keys'],
    'an empty list of values': [
      ruleText('selection:\n  a: []\ncondition: selection'),
      7,
      'detection.selection.a',
      'the list of values is empty',
      'Write the values',
    ],
    'no selections': [ruleText('condition: selection'), 5, 'detection', 'it has no selection', 'at least one'],
    'a correlation of nothing that there is': [
      'title: Many\ncorrelation:\n  type: event_count\n  rules: nobody\n  timespan: 5m\n  condition: {gte: 3}\n',
      4,
      'correlation.rules[0]',
      'nobody',
      'correct the reference',
    ],
    'a filter of a rule that there is not': [
      'title: Not us\nlogsource: {product: aws}\nfilter:\n  rules: nobody\n  ours: {a: 1}\n  condition: not ours\n',
      4,
      'filter.rules[0]',
      'nobody',
      'id or name',
    ],
    'a list where a rule should be': ['- a\n- b\n', 1, 'rule', 'a map of keys and values', 'title:'],
    'an empty file': ['# nothing yet\n', 1, 'file', 'it holds no rule', 'Write a rule'],
    'another taxonomy': [`${GOOD}taxonomy: ours\n`, 8, 'taxonomy', '"ours" is not allowed', 'sigma'],
  }

describe('a wrong rule is a problem with file, line, part and cure, and never a silent skip', () => {
  test.each(Object.entries(WRONG))('%s', (_name, [text, line, part, what, cure]) => {
    const { rules, problems } = load(text, 'folder/wrong.yml')
    expect(rules).toEqual([])
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ file: 'folder/wrong.yml', line, part })
    expect(problems[0]?.what).toContain(what)
    expect(problems[0]?.cure).toContain(cure)
  })

  test('everything that is wrong in one rule is told at once', () => {
    const text = 'title: \nlevel: low\nlogsource: {}\ndetection:\n  s: {a|x: 1, b|y: 2}\n  condition: s\n'
    expect(load(text).problems.map(({ part }) => part)).toEqual(['title', 'detection.s.a|x', 'detection.s.b|y'])
  })

  test('one wrong rule costs itself and not its neighbours in the file', () => {
    const wrong = GOOD.replace('7d6ee1f6', '00000000').replace('level: low', 'level: no')
    const { rules, problems } = load(`${GOOD}---\n${wrong}`)
    expect(rules).toHaveLength(1)
    expect(problems.map(({ line }) => line)).toEqual([11])
  })

  test('a second rule with an id is refused, and says where the first is', () => {
    const { rules, problems } = loadRules([], {
      files: [
        { file: 'one.yml', text: GOOD },
        { file: 'two.yml', text: GOOD },
      ],
    })
    expect(rules.map(({ facts }) => facts.file)).toEqual(['one.yml'])
    expect(problems[0]).toMatchObject({ file: 'two.yml', line: 2, part: 'id' })
    expect(problems[0]?.what).toContain('one.yml')
  })

  test('a file beyond the limit is not read, and aliases that explode are not either', () => {
    expect(load(`${GOOD}# ${'x'.repeat(LIMITS.bytes)}`).problems[0]?.what).toContain(`at most ${LIMITS.bytes}`)
    const ten = (name: string, of: string): string =>
      `${name}: &${name} [${Array.from({ length: 10 }, () => `*${of}`).join(', ')}]\n`
    const bomb = `a: &a [1]\n${ten('b', 'a')}${ten('c', 'b')}${ten('d', 'c')}`
    expect(load(bomb).problems[0]).toMatchObject({ part: 'YAML' })
  })
})

describe('what a rule says of itself', () => {
  const FULL = `
title: Keys listed
id: 7d6ee1f6-5f28-4b4e-9f6c-3c8a5a3b3a10
status: test
description: |
  Somebody listed keys.
references: [https://example.org/keys]
author: somebody
date: 2026-01-05
license: Apache-2.0
tags: [attack.credential-access, attack.t1552.005, atlas.aml.t0024.002, atlas.AML.T0055, tlp.green]
logsource: {product: azure, service: activitylogs, definition: the activity log}
detection: {selection: {a: 1}, condition: selection}
falsepositives: [A pipeline]
level: high
custom: {any: thing}
modelward:
  controls: [IA-6, DP-5]
  group_by: [principal, resourceId]
  playbook: contain-key
  resolve_after: 2h
  runbook: |
    1. Look.
`.trimStart()

  test('is carried by its facts', () => {
    const { rules, problems } = load(FULL, 'keys.yml')
    expect(problems).toEqual([])
    expect(rules[0]?.facts).toMatchObject({
      id: '7d6ee1f6-5f28-4b4e-9f6c-3c8a5a3b3a10',
      title: 'Keys listed',
      description: 'Somebody listed keys.',
      level: 'high',
      file: 'keys.yml',
      logsource: { product: 'azure', service: 'activitylogs' },
      controls: ['IA-6', 'DP-5'],
      atlas: [
        { id: 'AML.T0024.002', name: 'Exfiltration via AI Inference API: Extract AI Model' },
        { id: 'AML.T0055', name: 'Unsecured Credentials' },
      ],
      attack: [{ id: 'T1552.005', name: 'Unsecured Credentials: Cloud Instance Metadata API' }],
      falsePositives: ['A pipeline'],
      references: ['https://example.org/keys'],
      author: 'somebody',
      license: 'Apache-2.0',
      runbook: '1. Look.',
      groupBy: ['principal', 'resourceId'],
      playbook: 'contain-key',
      resolveAfterMs: 7_200_000,
    })
  })

  test('has working defaults', () => {
    const { rules } = load('title: T\nlogsource: {}\ndetection: {s: {a: 1}, condition: s}\n')
    expect(rules[0]?.facts).toMatchObject({ level: 'medium', groupBy: ['principal'], controls: [], runbook: '' })
    expect(rules[0]?.facts.id).toMatch(/^unnamed-[0-9a-f]{16}$/)
    expect(rules[0]?.facts).not.toHaveProperty('playbook')
  })

  test('has a digest over its meaning: not over its words, its order of keys or its place', () => {
    const digest = (text: string, file?: string): string | undefined => load(text, file).rules[0]?.facts.digest
    const rule = ruleText('s: {a: 1, b: 2}\ncondition: s')
    expect(digest(rule)).toMatch(/^[0-9a-f]{64}$/)
    expect(digest(rule.replace('{a: 1, b: 2}', '{b: 2, a: 1}'), 'elsewhere.yml')).toBe(digest(rule))
    expect(digest(rule.replace('title: A rule', 'title: Another title'))).toBe(digest(rule))
    expect(digest(rule.replace('b: 2', 'b: 3'))).not.toBe(digest(rule))
    expect(digest(rule.replace('b: 2', "b: '2'"))).not.toBe(digest(rule))
    expect(digest(rule.replace('level: low', 'level: high'))).not.toBe(digest(rule))
  })
})

describe('folders', () => {
  const root = join(tmpdir(), `modelward-rules-${process.pid}`)
  const write = (name: string, text: string): void => writeFileSync(join(root, name), text)
  const rule = (serial: number): string => GOOD.replace('7d6ee1f6', String(serial).padStart(8, '0'))

  beforeAll(() => {
    for (const folder of ['pack/deep', 'pack/playbooks', 'pack/.hidden', 'elsewhere'])
      mkdirSync(join(root, folder), { recursive: true })
    write('pack/b.yml', rule(1))
    write('pack/a.yaml', rule(2))
    write('pack/deep/c.yml', rule(3))
    write('pack/playbooks/contain.yml', 'steps: []')
    write('pack/.hidden/d.yml', 'no rule')
    write('pack/notes.md', 'no rule')
    write('elsewhere/e.yml', rule(4))
    symlinkSync(join(root, 'elsewhere/e.yml'), join(root, 'pack/linked.yml'))
    symlinkSync(join(root, 'pack'), join(root, 'pack/deep/loop'))
  })
  afterAll(() => rmSync(root, { recursive: true }))

  test('are read to the bottom, links followed, in the order of their paths', () => {
    const { rules, problems } = loadRules([join(root, 'pack')])
    expect(problems).toEqual([])
    expect(rules.map(({ facts }) => facts.file.slice(root.length))).toEqual([
      '/pack/a.yaml',
      '/pack/b.yml',
      '/pack/deep/c.yml',
      '/pack/linked.yml',
    ])
  })

  test('may be single files, and one that is not there is a problem', () => {
    const { rules, problems } = loadRules([join(root, 'pack/b.yml'), join(root, 'nowhere')])
    expect(rules).toHaveLength(1)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ file: join(root, 'nowhere'), part: 'file' })
  })

  test('an empty folder holds no rule and no problem', () => {
    expect(loadRules([mkdtempSync(join(root, 'empty-'))])).toMatchObject({ rules: [], problems: [] })
  })
})
