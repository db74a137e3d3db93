import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Verb } from '../../src/cli/call/verb.ts'
import { rulesBacktest } from '../../src/cli/verbs/rules-backtest.ts'
import { rulesSign } from '../../src/cli/verbs/rules-sign.ts'
import { readTrustedKey, trustedKeyOf } from '../../src/rules/pack/trust.ts'
import { readRuleFiles } from '../../src/rules/rule-files.ts'
import { backtestFolder, idOf } from '../app/backtest-world.ts'
import { privateKey } from '../rules/pack/packs.ts'

interface Said {
  readonly code: number
  readonly out: string
  readonly lines: readonly unknown[]
}

async function call(
  verb: Verb,
  words: readonly string[],
  flags: Readonly<Record<string, string | boolean>> = {},
): Promise<Said> {
  const out: string[] = []
  const lines: unknown[] = []
  const io = {
    asJson: flags['json'] === true,
    colour: false,
    line: (text = '') => out.push(text),
    json: (value: unknown) => lines.push(value),
    message: () => undefined,
    progress: () => undefined,
  }
  const code = await verb.run({ words, flags, io, signal: new AbortController().signal })
  return { code, out: out.join('\n'), lines }
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
