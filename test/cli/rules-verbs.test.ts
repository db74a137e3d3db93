import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Verb } from '../../src/cli/call/verb.ts'
import { rulesExplain, rulesMatch } from '../../src/cli/verbs/rules.ts'
import { rulesBacktest } from '../../src/cli/verbs/rules-backtest.ts'
import { rulesSign } from '../../src/cli/verbs/rules-sign.ts'
import { readTrustedKey, trustedKeyOf } from '../../src/rules/pack/trust.ts'
import { readRuleFiles } from '../../src/rules/rule-files.ts'
import { reasonOf } from '../../src/runtime/errors.ts'
import { backtestFolder, idOf } from '../app/backtest-world.ts'
import { privateKey } from '../rules/pack/packs.ts'

interface Said {
  readonly code: number
  readonly out: string
  readonly lines: readonly unknown[]
  readonly messages: string
}

async function call(
  verb: Verb,
  words: readonly string[],
  flags: Readonly<Record<string, string | boolean | string[]>> = {},
): Promise<Said> {
  const out: string[] = []
  const lines: unknown[] = []
  const messages: string[] = []
  const io = {
    asJson: flags['json'] === true,
    colour: false,
    line: (text = '') => out.push(text),
    json: (value: unknown) => lines.push(value),
    message: (text: string) => messages.push(text),
    progress: () => undefined,
  }
  const code = await verb.run({ words, flags, io, signal: new AbortController().signal })
  return { code, out: out.join('\n'), lines, messages: messages.join('\n') }
}

const { rules, logs, expect: expected } = backtestFolder()
const keyFile = join(mkdtempSync(join(tmpdir(), 'modelward-key-')), 'private.pem')
const key = privateKey()
const publicFile = keyFile.replace('private', 'public')
writeFileSync(keyFile, key.export({ format: 'pem', type: 'pkcs8' }))
writeFileSync(publicFile, trustedKeyOf(key).key.export({ format: 'pem', type: 'spki' }))

test('a backtest prints a table and answers 0 while what was expected holds', async () => {
  const { code, out } = await call(rulesBacktest, [rules, logs], {
    expect: expected('expectations: [{rule: often.yml, exactly: 3}]'),
  })
  expect(code).toBe(0)
  expect(out).toMatch(/RULE +TITLE +LEVEL +FINDINGS +FIRST +LAST +EXPECTED +OK/)
  expect(out).toMatch(/Rule <often> & "it" +high +3 +2026-03-02T09:01:00 +2026-03-02T09:09:00 +exactly 3 +yes/)
  expect(out).toMatch(/WARN .*once.yml: .*: 1 finding, and none expected/)
  expect(out).toContain('5 records, 3 rules, 1 without a finding, 4 findings; 0 not as expected.')
})

test('a broken expectation is 1, told in JSON lines and in JUnit', async () => {
  const junit = join(rules, 'report.xml')
  const { code, lines } = await call(rulesBacktest, [rules, logs], {
    json: true,
    junit,
    expect: expected('expectations: [{rule: never.yml, at_least: 1}]\nunexpected: ignore'),
  })
  expect(code).toBe(1)
  expect(lines).toHaveLength(4)
  expect(lines[0]).toMatchObject({ kind: 'backtest', rule: idOf(1), findings: 3, expected: null, ok: true })
  expect(lines[2]).toMatchObject({ rule: idOf(3), findings: 0, expected: 'at least 1', ok: false, first: null })
  expect(lines[3]).toMatchObject({ kind: 'summary', records: 5, rules: 3, fired: 2, findings: 4, broken: 1 })
  expect(readFileSync(junit, 'utf8')).toContain('<failure message="0 findings, expected at least 1"')
})

test('a backtest without rules and logs, or with a report that cannot be written, says so', async () => {
  await expect(call(rulesBacktest, [rules])).rejects.toThrow('modelward rules backtest DIR PATH…')
  await expect(call(rulesBacktest, [rules, logs], { junit: join(rules, 'no/where.xml') })).rejects.toThrow(
    'cannot be written',
  )
})

test('sign makes a folder a pack that its public key opens, and an archive of it', async () => {
  const folder = backtestFolder().rules
  const out = join(folder, 'ours.tar')
  const { code, lines } = await call(rulesSign, [folder], {
    json: true,
    key: keyFile,
    name: 'ours',
    version: '1.2',
    out,
  })
  const written = [join(folder, 'pack.json'), join(folder, 'pack.sig'), out]
  expect(code).toBe(0)
  expect(lines).toEqual([expect.objectContaining({ kind: 'pack', name: 'ours', version: '1.2', files: 3, written })])
  const trust = [readTrustedKey(readFileSync(publicFile, 'utf8'))]
  expect(trust[0]?.id).toBe((lines[0] as { key: string }).key)
  for (const place of [folder, out]) {
    const read = readRuleFiles([place], { trust })
    expect(read.problems).toEqual([])
    expect(read.files).toHaveLength(3)
  }
})

test('sign refuses what is no key, a folder without rules, and a name that is no archive', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'modelward-empty-'))
  const odd = backtestFolder()
  await expect(call(rulesSign, [odd.rules])).rejects.toThrow('--key PRIVATE.pem')
  await expect(call(rulesSign, [odd.rules], { key: odd.logs })).rejects.toThrow('trail.ndjson cannot be signed')
  await expect(call(rulesSign, [empty], { key: keyFile })).rejects.toThrow('holds no rule')
  await expect(call(rulesSign, [odd.rules], { key: keyFile, out: 'x.zip' })).rejects.toThrow('must end in .tar')
  expect(existsSync(join(odd.rules, 'pack.json'))).toBe(false)
  rmSync(empty, { recursive: true })
})

const analyst = mkdtempSync(join(tmpdir(), 'modelward-analyst-'))
const ruleFile = join(analyst, 'refusals.yml')
const eventFile = join(analyst, 'event.json')
writeFileSync(ruleFile, refusals('A', 'webserver') + refusals('B', 'proxy'))
writeFileSync(eventFile, '{"status": 403, "category": "webserver"}')

test('match tells of records that were not read, and of those that no rule looks at', async () => {
  const logs = join(analyst, 'gateway.log')
  const records = ['webserver', 'dns', 'dns', 'a', 'b', 'c'].map((category) =>
    JSON.stringify({ status: 403, category }),
  )
  writeFileSync(logs, `${records.join('\n')}\n{"status": 403}\n`)
  const blind = await call(rulesMatch, [ruleFile, logs])
  expect(blind.out).toBe('7 records (not read: 7 unknown_format).')
  expect(blind.messages).toBe('modelward: 7 records were not read. Name their format by --format')
  const read = await call(rulesMatch, [ruleFile, logs], { format: 'json' })
  expect(read.out).toMatch(/ {2}A$\n7 records\.$/m)
  expect(read.messages).toBe(
    'modelward: records that no rule here looks at: 2 with log source category: dns; 1 with log source category: a; 1 with log source category: b, and 2 other log sources. --all-logsources asks every rule of them too',
  )
  const all = await call(rulesMatch, [ruleFile, logs], { format: 'json', 'all-logsources': true, json: true })
  expect(all.lines).toHaveLength(14)
  expect(all.messages).toBe('')
})

test('a format that there is not is said before anything is read', async () => {
  await expect(call(rulesMatch, [ruleFile, eventFile], { format: 'jsn' })).rejects.toThrow(
    '--format jsn: use one of litellm, ',
  )
})

test('explain takes a file of rules, tells of each, and says which log source the event has', async () => {
  const { code, out } = await call(rulesExplain, [ruleFile, eventFile], { format: 'json' })
  expect(code).toBe(0)
  expect(out.split('\n').filter((line) => !line.startsWith('    '))).toEqual([
    'yes A',
    `  yes logsource  (the event's = {"category":"webserver"})`,
    '  yes s',
    'no  B',
    `  no  logsource  (the event's = {"category":"webserver"})`,
    '  yes s',
  ])
  const byId = await call(rulesExplain, ['00000000-0000-4000-8000-00000000000b', eventFile], {
    format: 'json',
    rules: [analyst],
  })
  expect(byId.code).toBe(1)
})

test.each([
  ['a rule that is nowhere', ['none.yml', eventFile], {}, 'there is no rule none.yml; give its id'],
  ['what is wrong with a rule', [eventFile, eventFile], {}, 'title: it is missing'],
  ['an event that is no JSON', [ruleFile, ruleFile], {}, 'one JSON record is expected'],
])('explain names %s', async (_name, words, flags, what) => {
  await expect(call(rulesExplain, words, flags)).rejects.toThrow(what)
})

test.each([
  ['no format', {}, 'no format recognises the event; name its format, one of litellm, '],
  ['an unknown format', { format: 'jsn' }, 'there is no format jsn; name one of litellm, '],
])('explain says what to do about %s', async (_name, flags, what) => {
  const error: unknown = await call(rulesExplain, [ruleFile, eventFile], flags).catch((cause: unknown) => cause)
  expect(reasonOf(error)).toContain(what)
  expect(reasonOf(error)).toContain('--format')
})

function refusals(title: string, category: string): string {
  const id = `00000000-0000-4000-8000-00000000000${title.toLowerCase()}`
  return `---\ntitle: ${title}\nid: ${id}\nlogsource: {category: ${category}}\ndetection: {s: {status: 403}, condition: s}\n`
}
