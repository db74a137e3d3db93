import { expect, test } from 'vitest'
import { lintRules } from '../../src/rules/lint.ts'
import { parseDocuments } from '../../src/rules/parse/documents.ts'

test('a bare rule is told what is missing, and loads all the same', () => {
  const { rules, problems } = parseDocuments(
    'bare.yml',
    'title: Bare\nstatus: deprecated\ntags: [attack.t9999]\nlogsource: {}\ndetection: {s: {a: 1}, t: {b: 1}, condition: s}\n',
  )
  expect(problems).toEqual([])
  const notes = lintRules({ rules, correlations: [], filters: [] })
  expect(notes.map(({ part }) => part)).toEqual([
    'id',
    'level',
    'status',
    'description',
    'modelward.runbook',
    'modelward.controls',
    'falsepositives',
    'tags',
    'tests',
    'tests',
    'logsource',
    'detection.t',
  ])
  expect(notes.every(({ file, line, cure }) => file === 'bare.yml' && line === 1 && cure !== '')).toBe(true)
})

test('two rules with one title are told of each other', () => {
  const rule = (file: string): ReturnType<typeof parseDocuments> =>
    parseDocuments(file, 'title: Twice\nid: x\nlogsource: {}\ndetection: {s: {a: 1}, condition: s}\n')
  const notes = lintRules({
    rules: [...rule('one.yml').rules, ...rule('two.yml').rules],
    correlations: [],
    filters: [],
  })
  expect(notes.filter(({ part }) => part === 'title')).toMatchObject([
    { file: 'two.yml', what: 'one.yml has the same title' },
  ])
  expect(notes.filter(({ part }) => part === 'id')).toHaveLength(2)
})

function notes(text: string, part: string): string[] {
  const { problems, ...linted } = parseDocuments('some.yml', text)
  expect(problems).toEqual([])
  return lintRules(linted)
    .filter((note) => note.part === part)
    .map(({ what }) => what)
}

const rule = (rest: string): string =>
  `title: A\nid: 7d6ee1f6-5f28-4b4e-9f6c-3c8a5a3b3a10\n${rest}\nlogsource: {category: inference}\ndetection: {s: {a: 1}, condition: s}\n`
const tagNotes = (...tags: string[]): string[] => notes(rule(`tags: [${tags.join(', ')}]`), 'tags')

test('tactics of ATT&CK v19 and the older one that it split are both known, in every way to write them', () => {
  const fine = ['attack.stealth', 'attack.defense-impairment', 'attack.defense-evasion', 'attack.defense_evasion']
  expect(tagNotes(...fine, 'attack.t1078', 'attack.s0154', 'attack.g0016', 'cve.2024-3400', 'tlp.clear')).toEqual([])
  expect(tagNotes('owasp.llm01', 'owasp.llm10.2025', 'owasp.ml05-2023')).toEqual([])
})

test('a tag that says nothing is told of', () => {
  expect(tagNotes('attack.hiding', 'mitre.t1078', 'owasp.llm11', 'Attack.impact')).toEqual([
    'attack.hiding is no tactic or technique of ATT&CK',
    'mitre.t1078: Sigma has no tags called mitre',
    'owasp.llm11 is no entry of an OWASP list',
    'Attack.impact is not in lower case',
  ])
})

test('a rule that is to tell what is new needs time to learn', () => {
  const learning = (time: string): string[] =>
    notes(
      rule(`modelward: {first_seen: {fields: [principal], learning: ${time}, remember: 30d}}`),
      'modelward.first_seen.learning',
    )
  expect(learning('0s')).toEqual(['nothing is learned first, so at the beginning everything is new'])
  expect(learning('14d')).toEqual([])
})

const correlation = (parts: string): string =>
  `${rule('name: one')}---\ntitle: B\nid: 2d6ee1f6-5f28-4b4e-9f6c-3c8a5a3b3a10\ncorrelation: {rules: [one], ${parts}}\n`
const COUNT = 'type: event_count, condition: {gte: 5}'

test.each([
  ['correlation.timespan', `${COUNT}, group-by: [who], timespan: 31d`, `${COUNT}, group-by: [who], timespan: 30d`],
  ['correlation.group-by', `${COUNT}, timespan: 1h`, `${COUNT}, group-by: [who], timespan: 1h`],
  ['correlation.rules', 'type: temporal, group-by: [who], timespan: 1h', `${COUNT}, group-by: [who], timespan: 1h`],
])('a correlation is told of %s', (part, poor, good) => {
  expect(notes(correlation(poor), part)).toHaveLength(1)
  expect(notes(correlation(good), part)).toEqual([])
})

test('what every rule is told of is told of correlations too', () => {
  const parts = ['level', 'description', 'modelward.runbook', 'modelward.controls', 'falsepositives', 'tests']
  for (const part of parts) expect(notes(correlation(COUNT + ', timespan: 1h'), part).length, part).toBeGreaterThan(1)
})

test('a filter without a not is told of, for it keeps what it selects', () => {
  const filter = (condition: string): string =>
    `title: F\nlogsource: {category: inference}\nfilter: {rules: any, s: {a: 1}, condition: ${condition}}\n`
  expect(notes(filter('s'), 'filter.condition')).toEqual(['it has no not, so its rules hold only for what it selects'])
  expect(notes(filter('not s'), 'filter.condition')).toEqual([])
})
