import { expect, test } from 'vitest'
import { appliedTo, piped, ruleOf, stepOf, stepsOf } from './piped.ts'

const replacing = (regex: string, replacement: string, rest = {}): ReturnType<typeof stepOf> =>
  stepOf({ type: 'replace_string', regex, replacement, ...rest })

test.each([
  [replacing('value', 'test'), 'a: value1', 'a="test1"'],
  [replacing('12', '99'), 'a: 123', 'a="993"'],
  [replacing('x', '99'), 'a: 123', 'a=123'],
  [replacing('(b)(c)', '\\2\\g<1>'), 'a: abc', 'a="acb"'],
  [replacing('(?P<letter>b)', '<\\g<letter>>'), 'a: abc', 'a="a<b>c"'],
])('replace_string replaces text, by number and name of a group too: %#', (step, lines, made) => {
  expect(piped(lines, step)).toBe(made)
})

test('replace_string sees wildcards as they are written, and makes them', () => {
  const made = (lines: string, regex: string, by: string): string => piped(`a: ${lines}`, replacing(regex, by))
  expect(made('"*\\\\value"', '^.*\\\\', '/')).toBe('a="/value"')
  expect(made('"*a?"', 'x', 'y')).toBe('a="*a?"')
  expect(made('abc', 'b', '*')).toBe('a="a*c"')
  expect(made('abc', 'b', '\\\\*')).toBe('a="a\\*c"')
  expect(made('abc', 'b', '\\\\\\\\')).toBe('a="a\\\\\\c"')
  expect(made('C:\\Windows\\*', 'Windows', 'WinNT')).toBe('a="C:\\WinNT\\*"')
  expect(made('C:\\Windows\\\\*', '\\\\\\*$', '')).toBe('a="C:\\Windows"')
})

test('A wildcard after a backslash is still a wildcard after a replacement elsewhere', () => {
  expect(piped('a|startswith: "C:\\\\Windows\\\\"', replacing('Windows', 'WinNT'))).toBe('a="C:\\WinNT\\\\*"')
})

test('skip_special leaves wildcards alone, and takes those of the replacement as characters', () => {
  expect(piped('a: "*\\\\value"', replacing('^.*\\\\', '/?/', { skip_special: true }))).toBe('a="*/\\?/value"')
  const interpreting = replacing('^.*\\\\', '/?/', { skip_special: true, interpret_special: true })
  expect(piped('a: "*\\\\value"', interpreting)).toBe('a="*/?/value"')
})

test.each([
  ['a: one', 'a="1"'],
  ['a: several', 'a="x"|"y"'],
  ['a: other', 'a="other"'],
  ['a|contains: one', 'a="*one*"'],
])('map_string: %s', (lines, made) => {
  expect(piped(lines, stepOf({ type: 'map_string', mapping: { one: '1', several: ['x', 'y'] } }))).toBe(made)
})

test.each([
  ['plain', 'a: "aB*c?."', 'a=/^(?:aB.*c.\\.)$/s'],
  ['ignore_case_flag', 'a: aB', 'a=/^(?:aB)$/is'],
  ['ignore_case_brackets', 'a: aB1', 'a=/^(?:[aA][bB]1)$/s'],
  ['plain', 'a: ""', 'a=""'],
  ['plain', 'a: 5', 'a=5'],
  ['plain', '- one', 'keywords=/one/s'],
])('regex %s: %s', (method, lines, made) => {
  expect(piped(lines, stepOf({ type: 'regex', method }))).toBe(made)
})

test.each([
  [{ value: 'x*' }, 'a="x*"'],
  [{ value: 5 }, 'a=5'],
  [{ value: true }, 'a=true'],
  [{ value: null }, 'a=null'],
  [{ value: 5, force_type: 'str' }, 'a="5"'],
  [{ value: '5', force_type: 'num' }, 'a=5'],
])('set_value %j', (parameters, made) => {
  expect(piped('a: old', stepOf({ type: 'set_value', ...parameters }))).toBe(made)
})

test.each([
  ['str', 'a: [1, x, null]', 'a=["1", "x", null]'],
  ['num', "a: ['1', 2, null]", 'a=[1, 2, null]'],
  ['str', "a|re: '1'", 'a=/1/'],
  ['num', 'a: x', /refused: .*"x" is no number/],
])('convert_type %s: %s', (type, lines, made) => {
  expect(piped(lines, stepOf({ type: 'convert_type', target_type: type }))).toEqual(
    typeof made === 'string' ? made : expect.stringMatching(made),
  )
})

test.each([
  ['lower', 'a="somevalue*"'],
  ['upper', 'a="SOMEVALUE*"'],
  ['snake_case', 'a="some_value*"'],
])('case %s', (method, made) => {
  expect(piped('a: SomeValue*', stepOf({ type: 'case', method }))).toBe(made)
})

const VARS = { vars: { one: 'x', two: ['y*', 2] } }
const values = (rest = {}): ReturnType<typeof stepOf> => stepOf({ type: 'value_placeholders', ...rest }, VARS)

test.each([
  ['a|expand: "%one%"', 'a="x"'],
  ['a|expand: "-%two%-"', 'a="-y*-"|"-2-"'],
  ['a|expand: "%one%%two%"', 'a="xy*"|"x2"'],
  ['a|expand|contains: "%one%"', 'a="*x*"'],
  ['a|re|expand: "^%one%$"', 'a=/^x$/'],
  ['a: "%one%"', 'a="%one%"'],
])('value_placeholders: %s', (lines, made) => {
  expect(piped(lines, values())).toBe(made)
})

test('Placeholders of one line may be filled by two steps', () => {
  const steps = stepsOf(
    [
      { type: 'value_placeholders', include: ['one'] },
      { type: 'wildcard_placeholders', exclude: ['one'] },
    ],
    VARS,
  )
  expect(piped('a|expand: "%one%-%other%"', steps)).toBe('a="x-*"')
})

test('A placeholder that no step fills stays open for the lists of the loader', () => {
  const { rules } = appliedTo(ruleOf('a|expand: "%unknown%"'), values())
  const selection = rules[0]?.detection.selections.get('s')
  expect(selection).toMatchObject({ parts: [{ item: { pending: { modifiers: ['expand'] } } }] })
})

test('Variables of a later pipeline win', () => {
  const later = stepOf({ type: 'set_field', fields: [] }, { priority: 5, vars: { one: 'z' } })
  expect(piped('a|expand: "%one%"', later, values())).toBe('a="z"')
})

test('A line whose placeholders are open is filled after it was renamed', () => {
  const steps = stepsOf(
    [{ type: 'field_name_mapping', mapping: { a: 'x', '': 'k' } }, { type: 'value_placeholders' }],
    VARS,
  )
  expect(piped('a|expand: "%one%"', steps)).toBe('x="x"')
})

test('Values are not changed while their placeholders are open', () => {
  expect(piped('a|expand: "a%one%"', replacing('a', 'b'))).toMatch(/placeholders are still open/)
})
