import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { backtest, type Backtest } from '../../src/app/backtest.ts'
import { junitOf } from '../../src/app/backtest-junit.ts'
import { commandWorld } from '../../src/app/command-world.ts'
import { loadConfig } from '../../src/app/config/load.ts'
import { backtestFolder, idOf } from './backtest-world.ts'

const world = backtestFolder()

function run(expected?: string, rules = world.rules, skipInvalidRules = false): Promise<Backtest> {
  return backtest(
    {
      config: loadConfig(undefined, { ruleFolders: [rules] }),
      world: commandWorld('error'),
      paths: [world.logs],
      skipInvalidRules,
      ...(expected === undefined ? {} : { expect: world.expect(expected) }),
    },
    new AbortController().signal,
  )
}

async function outcomes(expected: string): Promise<readonly string[]> {
  const { rows } = await run(expected)
  return rows.map(({ outcome, reason }) => (reason === undefined ? outcome : `${outcome}: ${reason}`))
}

test('each rule is told with its findings, and the first and last of them in event time', async () => {
  const { rows, records } = await run()
  expect(records).toBe(5)
  expect(rows.map(({ rule, findings, first, last, outcome }) => [rule.id, findings, first, last, outcome])).toEqual([
    [idOf(1), 3, '2026-03-02T09:01:00.000Z', '2026-03-02T09:09:00.000Z', 'ok'],
    [idOf(2), 1, '2026-03-02T09:03:00.000Z', '2026-03-02T09:03:00.000Z', 'ok'],
    [idOf(3), 0, undefined, undefined, 'ok'],
  ])
})

test.each([
  ['exactly: 3', 'ok'],
  ['exactly: 2', 'broken: 3 findings, expected exactly 2'],
  ['at_least: 3', 'ok'],
  ['at_least: 4', 'broken: 3 findings, expected at least 4'],
  ['at_most: 3', 'ok'],
  ['at_most: 2', 'broken: 3 findings, expected at most 2'],
  ['at_least: 1, at_most: 3', 'ok'],
  ['at_least: 4, at_most: 5', 'broken: 3 findings, expected 4 to 5'],
])('of three findings, the expectation %s is %s', async (expected, outcome) => {
  const [first] = await outcomes(`expectations: [{rule: often.yml, ${expected}}]\nunexpected: ignore`)
  expect(first).toBe(outcome)
})

test('findings that nobody expected warn, fail or are passed over, as the file says', async () => {
  const file = (unexpected: string): string => `expectations: [{rule: ${idOf(1)}, at_least: 1}]\n${unexpected}`
  expect(await outcomes(file(''))).toEqual(['ok', 'warning: 1 finding, and none expected', 'ok'])
  expect(await outcomes(file('unexpected: warn'))).toEqual(['ok', 'warning: 1 finding, and none expected', 'ok'])
  expect(await outcomes(file('unexpected: fail'))).toEqual(['ok', 'broken: 1 finding, and none expected', 'ok'])
  expect(await outcomes(file('unexpected: ignore'))).toEqual(['ok', 'ok', 'ok'])
})

test.each([
  ['expectations: [{rule: gone.yml, exactly: 1}]', 1, 'there is no rule gone.yml among the 3'],
  ['expectations:\n  - rule: ten.yml\n    exactly: 1', 2, 'there is no rule ten.yml among the 3'],
  [
    'expectations:\n  - {rule: once.yml, exactly: 1}\n  - {rule: once.yml, exactly: 2}',
    3,
    'has an expectation already',
  ],
  ['expectations: [{rule: once.yml}]', 1, 'it says no number of findings'],
  ['expectations: [{rule: once.yml, exactly: 1, at_most: 2}]', 1, 'it says no number of findings'],
  ['expectations: [{rule: once.yml, at_least: 2, at_most: 1}]', 1, 'it says no number of findings'],
  ['expectations: [{rule: once.yml, at_leest: 2}]', 1, 'the key "at_leest" is unknown'],
  ['expectations: [{rule: once.yml, exactly: -1}]', 1, 'too small'],
  ['expectations: [{rule: once.yml, exactly: 1}]\nunexpected: maybe', 2, 'invalid option'],
  ['expectations: [', 1, 'YAML'],
  ['unexpected: fail', 0, 'expectations'],
])('the expectations %j are refused with file, line and cure', async (text, line, told) => {
  const refused = await run(text).catch((error: unknown) => String(error))
  expect(refused).toContain(told)
  expect(refused).toContain(line === 0 ? '.yaml.txt:' : `.yaml.txt:${line}:`)
})

test('a name that two rules have is refused, and their ids are named', async () => {
  const rule = (at: number): string =>
    `title: Twin\nid: ${idOf(at)}\nstatus: test\nlogsource: {product: aws}\ndetection: {s: {a: ${at}}, condition: s}\nlevel: low\n`
  const { rules } = backtestFolder()
  writeFileSync(join(rules, 'twins.yml'), `${rule(8)}---\n${rule(9)}`)
  const refused = await run('expectations: [{rule: twins.yml, exactly: 1}]', rules).catch((e: unknown) => String(e))
  expect(refused).toContain('2 rules are called so')
  expect(refused).toContain(idOf(9))
})

test('a rule that does not load is an error, unless such rules are skipped', async () => {
  const { rules } = backtestFolder()
  writeFileSync(join(rules, 'wrong.yml'), 'title: No detection\n')
  await expect(run(undefined, rules)).rejects.toThrow('wrong.yml')
  const skipped = await run(undefined, rules, true)
  expect(skipped.rows).toHaveLength(3)
  expect(skipped.problems.length).toBeGreaterThan(0)
})

test('JUnit has a case for each rule that fired or was expected to, with what failed, escaped', async () => {
  const text = junitOf(
    await run('expectations: [{rule: often.yml, exactly: 1}, {rule: never.yml, exactly: 0}]\nunexpected: warn'),
  )
  expect(text).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites .*tests="3" failures="1" errors="0"/)
  const name = 'Rule &lt;often&gt; &amp; &quot;it&quot; (exactly 1)'
  expect(text).toContain(`<testcase classname="${idOf(1)}" name="${name}" file="`)
  expect(text).toContain('<failure message="3 findings, expected exactly 1" type="expectation">')
  expect(text).toContain('<system-out>1 finding, and none expected</system-out>')
  expect(text).toContain('(exactly 0)')
  expect(text.match(/<testcase /g)).toHaveLength(3)
})

test('JUnit holds no character that XML has no place for', async () => {
  const result = await run()
  const [row] = result.rows
  if (!row) throw new Error('no row')
  const odd = { ...row, rule: { ...row.rule, title: 'a\u0000\u001b[31m\ud800\n]]>é' } }
  expect(junitOf({ ...result, rows: [odd] })).toContain('name="a\ufffd\ufffd[31m\ufffd&#10;]]&gt;é (no expectation)"')
})
