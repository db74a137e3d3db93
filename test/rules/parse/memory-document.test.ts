import { describe, expect, test } from 'vitest'
import { parseDocuments } from '../../../src/rules/parse/documents.ts'
import type { Rule } from '../../../src/rules/parse/syntax.ts'
import { ruleText, ruleWith } from '../one-rule.ts'

const DETECTION = 's: {a: 1}\ncondition: s'
const SOURCE = 'logsource: {category: inference}'

function ruleOf(extension: string): Rule {
  return ruleWith(DETECTION, `${SOURCE}\nmodelward: {${extension}}`)
}

/** What is wrong with a rule that has these lines at its end, as `part: what`. */
function wrongWith(extension: string, tests = ''): string[] {
  const text = `${ruleText(DETECTION, `${SOURCE}\nmodelward: {${extension}}`)}${tests}`
  return parseDocuments('rule.yml', text).problems.map(({ part, what }) => `${part}: ${what}`)
}

const FIRST = 'fields: [principal, gen_ai.request.model], learning: 14d, remember: 90d'

describe('first_seen and absence', () => {
  test('are read, with times in ms', () => {
    const day = 86_400_000
    expect(ruleOf(`first_seen: {${FIRST}}`).memory).toEqual({
      kind: 'first_seen',
      fields: ['principal', 'gen_ai.request.model'],
      learningMs: 14 * day,
      rememberMs: 90 * day,
    })
    expect(ruleOf('absence: {timespan: 1h, group-by: [endpoint]}').memory).toEqual({
      kind: 'absence',
      timespanMs: 3_600_000,
      groupBy: ['endpoint'],
    })
    expect(ruleOf('controls: [DP-2]').memory).toBeUndefined()
  })

  test('change what the rule means', () => {
    const digests = ['', `first_seen: {${FIRST}}`, 'absence: {timespan: 1h}', 'absence: {timespan: 2h}'].map(
      (extension) => ruleOf(extension).facts.digest,
    )
    expect(new Set(digests).size).toBe(4)
  })

  test('an absence by group makes one alert a group, unless the rule says otherwise', () => {
    expect(ruleOf('absence: {timespan: 1h, group-by: [endpoint]}').facts.groupBy).toEqual(['group'])
    expect(ruleOf('absence: {timespan: 1h}').facts.groupBy).toEqual(['principal'])
    expect(ruleOf('absence: {timespan: 1h, group-by: [endpoint]}, group_by: [endpoint]').facts.groupBy).toEqual([
      'endpoint',
    ])
  })

  test.each([
    [`first_seen: {${FIRST}}, absence: {timespan: 1h}`, 'modelward.absence: it stands beside first_seen'],
    [`first_seen: {${FIRST}, after: 1d}`, 'modelward.first_seen.after: unknown key after'],
    ['first_seen: {learning: 1d, remember: 2d}', 'modelward.first_seen.fields: it is missing'],
    ['first_seen: {fields: [], learning: 1d, remember: 2d}', 'modelward.first_seen.fields: it is empty'],
    ['first_seen: {fields: [a], remember: 2d}', 'modelward.first_seen.learning: it is missing'],
    [
      'first_seen: {fields: [a], learning: 9d, remember: 8d}',
      'modelward.first_seen.remember: it is shorter than learning, so that what was learned would be forgotten before it counts',
    ],
    [
      'first_seen: {fields: [a], learning: 1d, remember: 731d}',
      'modelward.first_seen.remember: must lie between 1m and 730d',
    ],
    ['absence: {}', 'modelward.absence.timespan: it is missing'],
    ['absence: {timespan: 0s}', 'modelward.absence.timespan: must lie between 1s and 365d'],
    ['absence: {timespan: 1h, group-by: [a], group_by: [a]}', 'modelward.absence.group_by: it stands beside group-by'],
  ])('%s is refused', (extension, problem) => {
    expect(wrongWith(extension)).toEqual([problem])
  })
})

describe('tests in rules', () => {
  test.each([
    ['{name: t, fires: true}', 'tests[0].event: it is missing'],
    ['{name: t, fires: true, event: {}, events: [{at: 0s, event: {}}]}', 'tests[0].event: it stands beside events'],
    [
      '{name: t, fires: true, principal: x, events: [{at: 0s, event: {}}]}',
      'tests[0].principal: it stands beside events',
    ],
    ['{name: t, fires: true, events: []}', 'tests[0].events: it is empty'],
    ['{name: t, fires: true, events: [{event: {}}]}', 'tests[0].events[0].at: it is missing'],
    [
      '{name: t, fires: true, events: [{at: 1m, event: {}}, {at: 0s, event: {}}]}',
      'tests[0].events: event 2 comes before event 1',
    ],
  ])('%s is refused', (written, problem) => {
    expect(wrongWith('', `tests:\n  - ${written}\n`)).toEqual([problem])
  })

  test('are read, with times in ms', () => {
    const text = `${ruleText(DETECTION)}tests:
  - {name: one, fires: false, event: {a: 1}, principal: 'key:1', logsource: {product: aws}}
  - {name: two, fires: true, events: [{at: 0s, event: {a: 1}}, {at: 1m30s, format: x, event: {b: 1}}], until: 2h}
`
    expect(parseDocuments('rule.yml', text).rules[0]?.tests).toEqual([
      {
        name: 'one',
        fires: false,
        steps: [{ atMs: 0, event: { a: 1 }, principal: 'key:1', logsource: { product: 'aws' } }],
      },
      {
        name: 'two',
        fires: true,
        steps: [
          { atMs: 0, event: { a: 1 } },
          { atMs: 90_000, event: { b: 1 }, format: 'x' },
        ],
        untilMs: 7_200_000,
      },
    ])
  })
})
