import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Logsource } from '../../src/contract/event.ts'
import { compileRule, type CompiledRule } from '../../src/rules/compile/rule.ts'
import { Matcher } from '../../src/rules/index/matcher.ts'
import { isRouted } from '../../src/rules/index/route.ts'
import { loadRules } from '../../src/rules/load.ts'
import { event } from '../support/events.ts'
import { haveSharedData, sharedData } from '../support/shared-data.ts'

const LANES = ['structured_windows', 'sysmon_file_event', 'raw_windows', 'cisco_syslog', 'mixed_schema', 'correlation']
/** Of the 10,000 events of a lane, every so-manyeth. */
const STEP = 100
const BUDGET_MS = 60_000

describe.skipIf(!haveSharedData())('the index over all rules of SigmaHQ', () => {
  const folder = mkdtempSync(join(tmpdir(), 'modelward-index-'))
  let compiled: readonly CompiledRule[] = []
  const matchers: { readonly routing: boolean; readonly matcher: Matcher }[] = []

  beforeAll(() => {
    const archive = sharedData('sigma', 'sigmahq-rules-8eaafff1.tar.gz')
    expect(spawnSync('tar', ['-xzf', archive, '-C', folder]).status).toBe(0)
    const { rules } = loadRules([folder])
    expect(rules.length).toBeGreaterThan(3700)
    compiled = rules.map(compileRule)
    for (const routing of [true, false]) matchers.push({ routing, matcher: new Matcher(rules, { routing }) })
  }, BUDGET_MS)
  afterAll(() => rmSync(folder, { recursive: true }))

  test.each(LANES)(
    '%s: an event is judged as by each rule alone, routed and not',
    (lane) => {
      const lines = gunzipSync(readFileSync(sharedData('sigma', 'lanes', `${lane}.ndjson.gz`)))
        .toString()
        .trimEnd()
        .split('\n')
      let held = 0
      for (let at = 0; at < lines.length; at += STEP) {
        const fields = JSON.parse(lines[at] ?? '') as Record<string, unknown> & Logsource
        const { category, product, service } = fields
        const one = event({ fields, logsource: { category, product, service } as Logsource })
        const alone = compiled.filter((rule) => rule.ask(one)).map(({ rule }) => rule)
        held += alone.length
        for (const { routing, matcher } of matchers) {
          const wanted = routing ? alone.filter((rule) => isRouted(rule.facts.logsource, one.logsource)) : alone
          expect(matcher.match(one).map(({ rule }) => rule.facts.id)).toEqual(wanted.map((rule) => rule.facts.id))
        }
      }
      expect(held).toBeGreaterThan(50)
    },
    BUDGET_MS,
  )
})
