import { expect, test } from 'vitest'
import { lintRules } from '../../src/rules/lint.ts'
import { parseDocuments } from '../../src/rules/parse/documents.ts'

test('a bare rule is told what is missing, and loads all the same', () => {
  const { rules, problems } = parseDocuments(
    'bare.yml',
    'title: Bare\nstatus: deprecated\ntags: [attack.t9999]\nlogsource: {}\ndetection: {s: {a: 1}, t: {b: 1}, condition: s}\n',
  )
  expect(problems).toEqual([])
  const notes = lintRules(rules)
  expect(notes.map(({ part }) => part)).toEqual([
    'id',
    'level',
    'status',
    'description',
    'modelward.runbook',
    'modelward.controls',
    'falsepositives',
    'logsource',
    'tags',
    'tests',
    'tests',
    'detection.t',
  ])
  expect(notes.every(({ file, line, cure }) => file === 'bare.yml' && line === 1 && cure !== '')).toBe(true)
})

test('two rules with one title are told of each other', () => {
  const rule = (file: string): ReturnType<typeof parseDocuments> =>
    parseDocuments(file, 'title: Twice\nid: x\nlogsource: {}\ndetection: {s: {a: 1}, condition: s}\n')
  const notes = lintRules([...rule('one.yml').rules, ...rule('two.yml').rules])
  expect(notes.filter(({ part }) => part === 'title')).toMatchObject([
    { file: 'two.yml', what: 'one.yml has the same title' },
  ])
  expect(notes.filter(({ part }) => part === 'id')).toHaveLength(2)
})
