import { describe, expect, test } from 'vitest'
import { describeProblem, type Problem } from '../../src/runtime/errors.ts'
import { linkCorrelations } from '../../src/rules/correlate/link.ts'
import { applyFilters } from '../../src/rules/exceptions/filters.ts'
import { loadRules } from '../../src/rules/load.ts'
import { parseDocuments } from '../../src/rules/parse/documents.ts'
import { options } from './correlate/given.ts'
import { ruleText } from './one-rule.ts'

const GOOD = ruleText('selection: {a: 1}\ncondition: selection')
const COUNT = `title: Many
correlation:
  type: event_count
  rules: [7d6ee1f6-5f28-4b4e-9f6c-3c8a5a3b3a10]
  timespan: 10m
  condition: {gte: 5}
`
const FILTER = `title: Not us
logsource: {category: inference}
filter:
  rules: [7d6ee1f6-5f28-4b4e-9f6c-3c8a5a3b3a10]
  selection: {user: root}
  condition: not selection
`

/** What a person is told of a wrong text, by whichever step finds it first. */
function problemsOf(text: string): readonly Problem[] {
  const loaded = loadRules([], { files: [{ file: 'wrong.yml', text }] }).problems
  if (loaded.length > 0) return loaded
  const { rules, correlations, filters } = parseDocuments('wrong.yml', text)
  return [...linkCorrelations(correlations, rules, options()).problems, ...applyFilters(rules, filters).problems]
}

/** What a person would get wrong: the text, and what must be said: line, part, fault, cure. */
const WRONG: Readonly<Record<string, readonly [text: string, line: number, part: string, what: string, cure: string]>> =
  {
    'a modifier that does not exist': [
      ruleText('selection:\n  name|contain: x\ncondition: selection'),
      7,
      'detection.selection.name|contain',
      '`contain` is not a modifier',
      'contains',
    ],
    'a selection that was never written': [
      ruleText('selection: {a: 1}\ncondition: selection and not fliter'),
      7,
      'detection.condition',
      'no selection is called "fliter"',
      'There are: selection',
    ],
    'a network that is none': [
      ruleText('selection:\n  ip|cidr: 10.1.0.0/8\ncondition: selection'),
      7,
      'detection.selection.ip|cidr',
      'bits set beyond its prefix',
      'Write 10.0.0.0/8',
    ],
    'an expression that looks ahead': [
      ruleText("selection:\n  a|re: '^(?!ok).*$'\ncondition: selection"),
      7,
      'detection.selection.a|re',
      '"(?!" at character 2 cannot be matched in linear time',
      'use `not` in the condition',
    ],
    'an expression that goes back': [
      ruleText("selection:\n  a|re: '(a+)+\\1'\ncondition: selection"),
      7,
      'detection.selection.a|re',
      'cannot be matched in linear time',
      'back references',
    ],
    'a correlation of a rule that is not there': [
      `${GOOD}---\n${COUNT.replace('7d6ee1f6', '00000000')}`,
      12,
      'correlation.rules[0]',
      'no rule is called 00000000-5f28-4b4e-9f6c-3c8a5a3b3a10',
      'Is 7d6ee1f6-5f28-4b4e-9f6c-3c8a5a3b3a10 meant?',
    ],
    'a correlation of several rules, one of which is not there': [
      `${GOOD}---\n${COUNT.replace('[7', '\n    - 7').replace('10]', '10\n    # gone\n    - none')}`,
      15,
      'correlation.rules[1]',
      'no rule is called none',
      'Load the rule too',
    ],
    'a correlation whose condition names a rule that is not there': [
      `${GOOD}---\ntitle: Both\ncorrelation:\n  type: temporal\n  timespan: 1h\n  condition: one\n`,
      13,
      'correlation.rules[0]',
      'no rule is called one',
      'Load the rule too',
    ],
    'an alias of a rule that does not feed it': [
      `${GOOD}---\n${COUNT}  aliases:\n    who:\n      00000000-0000-4000-8000-000000000000: user\n`,
      17,
      'correlation.aliases.who.00000000-0000-4000-8000-000000000000',
      'does not feed the correlation',
      'There are: 7d6ee1f6',
    ],
    'a timespan that is none': [
      `${GOOD}---\n${COUNT.replace('10m', '10 minutes')}`,
      13,
      'correlation.timespan',
      '"10 minutes" is no timespan',
      'm',
    ],
    'a placeholder without a list': [
      ruleText("selection:\n  host|expand: '%jump_hosts%'\ncondition: selection"),
      7,
      'detection.selection.host|expand',
      'the placeholder %jump_hosts% has no list',
      'Give a list called jump_hosts',
    ],
    'a condition that does not end': [
      ruleText('selection: {a: 1}\ncondition: (selection and'),
      7,
      'detection.condition',
      'ends where a selection is expected',
      'Join selections',
    ],
    'a counting condition of old': [
      ruleText('selection: {a: 1}\ncondition: selection | count() > 5'),
      7,
      'detection.condition',
      'aggregation',
      'Write a correlation rule',
    ],
    'text where a number is needed': [
      ruleText('selection:\n  count|gt: many\ncondition: selection'),
      7,
      'detection.selection.count|gt',
      '`gt`: it needs a number, and here is text',
      'Change the value',
    ],
    'an hour that no day has': [
      ruleText('selection:\n  at|hour: 24\ncondition: selection'),
      7,
      'detection.selection.at|hour',
      'no date has the hour 24',
      'from 0 to 23',
    ],
    'a rule collection of old': [
      `action: global\n${GOOD}`,
      1,
      'action',
      'rule collections ended with Sigma 1',
      'one whole rule a document',
    ],
    'indentation that slipped': [
      ruleText('selection:\n  a: 1\n b: 2\ncondition: selection'),
      8,
      'YAML',
      'same column',
      'Check indentation',
    ],
    'an id that is used twice': [`${GOOD}---\n${GOOD}`, 10, 'id', 'is already the id of a rule', 'new UUID'],
    'a rule that is not there, listed after one that is listed twice': [
      `${GOOD}---\n${COUNT.replace(/\[(.*)\]/, '\n    - $1\n    - $1\n    - no-such-rule')}`,
      15,
      'correlation.rules[2]',
      'no rule is called no-such-rule',
      'Load the rule too',
    ],
    'a filter of a rule that is not there': [
      `${GOOD}---\n${FILTER.replace('7d6ee1f6', '00000000')}`,
      12,
      'filter.rules[0]',
      'no rule is called "00000000-5f28-4b4e-9f6c-3c8a5a3b3a10"',
      'id or name of a rule',
    ],
    'a filter of no log source that there is': [
      `${GOOD}---\n${FILTER.replace('inference', 'iam').replace(/\[.*\]/, 'any')}`,
      10,
      'logsource',
      'none has its log source',
      'Correct the log source',
    ],
    'a placeholder without a list, in a filter': [
      `${GOOD}---\n${FILTER.replace('user: root', "'user|expand': '%jump_users%'")}`,
      13,
      'filter.selection.user|expand',
      'the placeholder %jump_users% has no list',
      'Give a list called jump_users',
    ],
    'a filter of another log source': [
      `${GOOD}---\n${FILTER.replace('inference', 'iam')}`,
      12,
      'filter.rules[0]',
      'whose log source is inference',
      "the rule's log source",
    ],
  }

describe('a wrong rule names its file, line, part and cure', () => {
  test.each(Object.entries(WRONG))('%s', (_name, [text, line, part, what, cure]) => {
    const problems = problemsOf(text)
    const problem = problems.find((one) => one.part === part)
    expect(problems.map(describeProblem)).toHaveLength(1)
    expect(problem).toMatchObject({ file: 'wrong.yml', line, part })
    expect(problem?.what).toContain(what)
    expect(problem?.cure).toContain(cure)
    expect(problem?.cure.length).toBeGreaterThan(5)
  })

  test('and what they are made from is right', () => {
    expect(problemsOf(`${GOOD}---\n${COUNT}---\n${FILTER}`)).toEqual([])
  })
})
