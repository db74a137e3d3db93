import { expect, test } from 'vitest'
import { piped, stepOf, stepsOf } from './piped.ts'

const mapping = (map: object, rest = {}): ReturnType<typeof stepOf> =>
  stepOf({ type: 'field_name_mapping', mapping: map, ...rest })

test.each([
  ['a field becomes another', { a: 'x' }, 'a: 1', 'x=1'],
  ['a field becomes several: any', { a: ['x', 'y'] }, 'a: 1\nb: 2', '((x=1 or y=1) and b=2)'],
  ['what must not be there must not be in any of several', { a: ['x', 'y'] }, 'a: null', '(x=null and y=null)'],
  ['neither may several be the value that neq excludes', { a: ['x', 'y'] }, 'a|neq: 1', '(x!=1 and y!=1)'],
  ['others stay', { c: 'x' }, 'a: 1', 'a=1'],
  ['a field without a name to become stays', { a: null }, 'a: 1', 'a=1'],
  ['spaces do not tell fields apart', { 'a b': 'x y' }, 'a b: 1', 'xy=1'],
  ['modifiers stay with the value', { a: 'x' }, 'a|endswith: v', 'x="*v"'],
  ['a list of maps is mapped throughout', { a: 'x' }, '- a: 1\n- a: 2', '(x=1 or x=2)'],
  ['references are mapped', { b: 'y' }, 'a|fieldref: b', 'a=@y'],
  ['references may become several', { a: 'x', b: ['y', 'z'] }, 'a|fieldref: b', 'x=@y|@z'],
  ['keywords become text within a field', { '': 'message' }, '- one\n- "*two"\n- 3', 'message=["*one*", "*two*", 3]'],
])('field_name_mapping: %s', (_, map, lines, made) => {
  expect(piped(lines, mapping(map))).toBe(made)
})

test('In YAML, null is the key that stands for keywords', () => {
  expect(piped('- one', mapping({ null: 'message' }))).toBe('message="*one*"')
})

test.each([
  [{ win: 'w' }, 'winA: 1\nother: 2', '(wA=1 and other=2)'],
  [{ 'data.': '' }, 'data.a: 1', 'a=1'],
  [{ win: ['w', 'v'] }, 'winA: 1', '(wA=1 or vA=1)'],
  [{ win: 'w' }, '- one', 'keywords="one"'],
])('field_name_prefix_mapping %j: %s', (map, lines, made) => {
  expect(piped(lines, stepOf({ type: 'field_name_prefix_mapping', mapping: map }))).toBe(made)
})

test.each([
  ['lower', 'commandline'],
  ['upper', 'COMMANDLINE'],
  ['title', 'Commandline'],
  ['snake_case', 'command_line'],
  ['camel_case', 'commandLine'],
])('field_name_transform %s', (name, made) => {
  expect(piped('CommandLine: 1', stepOf({ type: 'field_name_transform', transform_func: name }))).toBe(`${made}=1`)
})

test('field_name_transform leaves fields to its own mapping first, and keywords alone', () => {
  const step = stepOf({ type: 'field_name_transform', transform_func: 'upper', mapping: { a: 'mine' } })
  expect(piped('a: 1\nb: 2', step)).toBe('(mine=1 and B=2)')
  expect(piped('- one', step)).toBe('keywords="one"')
})

test('Prefix and suffix are put on every field but not on keywords', () => {
  expect(piped('a: 1', stepOf({ type: 'field_name_prefix', prefix: 'win.' }))).toBe('win.a=1')
  expect(piped('a: 1', stepOf({ type: 'field_name_suffix', suffix: '.text' }))).toBe('a.text=1')
  expect(piped('- one', stepOf({ type: 'field_name_suffix', suffix: '.text' }))).toBe('keywords="one"')
})

test.each([
  [{ type: 'include_fields', fields: ['a'] }, '(p.a=1 and b=2)'],
  [{ type: 'exclude_fields', fields: ['a'] }, '(a=1 and p.b=2)'],
  [{ type: 'include_fields', fields: ['[a-a]$'], mode: 're' }, '(p.a=1 and b=2)'],
  [{ type: 'exclude_fields', fields: ['a.?'], mode: 're' }, '(a=1 and p.b=2)'],
])('Only the fields of %j get a prefix', (condition, made) => {
  const step = stepOf({ type: 'field_name_prefix', prefix: 'p.', field_name_conditions: [condition] })
  expect(piped('a: 1\nb: 2', step)).toBe(made)
})

test('A field condition holds for references on their own', () => {
  const conditions = [{ type: 'include_fields', fields: ['b'] }]
  const step = stepOf({ type: 'field_name_prefix', prefix: 'p.', field_name_conditions: conditions })
  expect(piped('a|fieldref: b', step)).toBe('a=@p.b')
})

test('What a mapping did not know gets a prefix', () => {
  const steps = stepsOf([
    { id: 'map', type: 'field_name_mapping', mapping: { a: 'x' } },
    {
      type: 'field_name_prefix',
      prefix: 'p.',
      field_name_conditions: [{ type: 'processing_item_applied', processing_item_id: 'map' }],
      field_name_cond_not: true,
    },
  ])
  expect(piped('a: 1\nb: 2', steps)).toBe('(x=1 and p.b=2)')
})

test('strict_field_mapping_failure refuses a rule with a field that no mapping knows', () => {
  const strict = { type: 'strict_field_mapping_failure' }
  const known = stepsOf([{ type: 'field_name_mapping', mapping: { a: 'x' } }, strict])
  expect(piped('a: 1', known)).toBe('x=1')
  expect(piped('a: 1\nb: 2', known)).toMatch(/no mapping knows its fields b/)
  expect(piped('a: 1', stepsOf([{ type: 'field_name_suffix', suffix: '_' }, strict]))).toBe('a_=1')
})

test.each([
  ['a: MD5=D41D8CD98F00B204E9800998ECF8427E', 'a="MD5=D41D8CD98F00B204E9800998ECF8427E"'],
  ['Hashes: MD5=AA', 'FileMD5="AA"'],
  ['Hashes|contains: SHA1=BB', 'FileSHA1="BB"'],
  ['Hash:\n  - SHA1|BB\n  - MD5=AA\n  - MD5=CC', '(FileSHA1="BB" or FileMD5=["AA", "CC"])'],
  ['Hashes|contains|all:\n  - SHA1=BB\n  - MD5=AA', '(FileSHA1="BB" and FileMD5="AA")'],
  ['Hashes|neq:\n  - SHA1=BB\n  - MD5=AA', '(FileSHA1!="BB" and FileMD5!="AA")'],
  ['Hashes:\n  - IMPHASH=EE\n  - MD5=AA', 'FileMD5="AA"'],
  ['Hashes: d41d8cd98f00b204e9800998ecf8427e', 'FileMD5="d41d8cd98f00b204e9800998ecf8427e"'],
  ['Hashes: 5', 'Hashes=5'],
])('hashes_fields: %s', (lines, made) => {
  const step = { type: 'hashes_fields', valid_hash_algos: ['MD5', 'SHA1', 'SHA256'], field_prefix: 'File' }
  expect(piped(lines, stepOf(step))).toBe(made)
})

test('hashes_fields refuses a line without any hash that it knows', () => {
  const step = stepOf({ type: 'hashes_fields', valid_hash_algos: ['MD5'] })
  expect(piped('Hashes: IMPHASH=AA', step)).toMatch(/Hashes has no hash of MD5/)
})

test.each([
  ['reg: "Dword:00001"', '(reg.type="Dword" and reg.value="00001")'],
  ['reg: "Dword:7"', '(reg.type="Dword" and reg.value=7)'],
  ['reg:\n  - "A:1"\n  - B:2', '((reg.type="A" and reg.value=1) or (reg.type="B" and reg.value=2))'],
  ['reg:\n  - "A:1"\n  - other', '(reg.type="A" and reg.value=1)'],
  ['reg|neq: "A:1"', '(reg.type!="A" or reg.value!=1)'],
  ['reg: other', 'reg="other"'],
])('extract_fields: %s', (lines, made) => {
  const regex = '(?P<type>[A-Za-z]+):(?P<value>[0-9]+)'
  expect(piped(lines, stepOf({ type: 'extract_fields', regex, field_prefix: 'reg' }))).toBe(made)
})
