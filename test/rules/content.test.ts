import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../src/contract/event.ts'
import { openNormalizer } from '../../src/normalize/normalizer.ts'
import { Pseudonyms } from '../../src/normalize/principal/pseudonyms.ts'
import { coverage } from '../../src/rules/coverage.ts'
import { lintRules } from '../../src/rules/lint.ts'
import { loadRules } from '../../src/rules/load.ts'
import { runRuleTests } from '../../src/rules/rule-tests.ts'
import { describeProblem } from '../../src/runtime/errors.ts'
import { haveSharedData, sharedData } from '../support/shared-data.ts'

const loaded = loadRules([join(import.meta.dirname, '../../rules')])
const { judge, rules, correlations, problems } = loaded

describe('our rules', () => {
  test('all load, and a linter has nothing to say', () => {
    expect(rules.length).toBeGreaterThanOrEqual(80)
    expect([...problems, ...lintRules(loaded)].map(describeProblem)).toEqual([])
  })

  test('are as many as the README says', () => {
    const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
    expect(readme).toContain(`${rules.length + correlations.length} Sigma rules`)
  })

  test('all pass their own tests', () => {
    // Records with a format need the normalisers, which only app can hand over.
    const failing = runRuleTests(loaded).filter(({ passed, detail }) => !passed && !detail.startsWith('no normaliser'))
    expect(failing.map(({ file, name, detail }) => `${file}: ${name}: ${detail}`)).toEqual([])
  })

  test.each([
    ['DP-2', 'DP-3', 'DP-5', 'DP-6'],
    ['IA-1', 'IA-2', 'IA-3', 'IA-5', 'IA-6'],
    ['ML-8', 'RT-1', 'OB-1', 'IN-1', 'IN-4'],
  ])('there is one for each of %s %s %s %s', (...controls) => {
    const covered = coverage(judge.rules).controls
    expect(controls.filter((control) => !covered.has(control))).toEqual([])
  })

  test.each(['DP-2', 'DP-3', 'DP-5', 'DP-6', 'IA-1', 'IA-3', 'IA-5', 'IA-6', 'ML-8', 'OB-1', 'RT-1'])(
    '%s is watched in AWS and outside it',
    (control) => {
      const products = judge.rules
        .filter((rule) => rule.controls.includes(control))
        .map((rule) => rule.logsource.product)
      expect(products).toContain('aws')
      expect(products.some((product) => product !== 'aws')).toBe(true)
    },
  )

  test('they count, compare, order and add up events, learn what is new and miss what stays away', () => {
    const types = new Set(correlations.map(({ type }) => type))
    expect(types).toEqual(new Set(['event_count', 'value_count', 'value_sum', 'temporal', 'temporal_ordered']))
    const kinds = rules.flatMap(({ memory }) => memory?.kind ?? [])
    expect(kinds.filter((kind) => kind === 'first_seen').length).toBeGreaterThanOrEqual(5)
    expect(kinds.filter((kind) => kind === 'absence').length).toBeGreaterThanOrEqual(2)
  })

  test('a rule that feeds a correlation is silent only where it says nothing by itself', () => {
    const ids = new Set(correlations.filter(({ generate }) => !generate).flatMap(({ rules: fed }) => fed))
    const levels = rules.filter(({ facts }) => ids.has(facts.id)).map(({ facts }) => [facts.file, facts.level])
    const louder = levels.filter(([, level]) => level !== 'informational')
    expect(levels.length).toBeGreaterThanOrEqual(4)
    expect(louder).toEqual([])
  })

  test.each(['LLM01:2025', 'LLM10:2025', 'ML05:2023'])('%s of OWASP’s lists is watched', (entry) => {
    expect(coverage(judge.rules).owasp.get(entry)?.length).toBeGreaterThanOrEqual(3)
  })

  test('every rule can be handed to a person: steps to take, licence, a source to read', () => {
    for (const rule of judge.rules) {
      expect(rule.runbook.split('\n').length, rule.file).toBeGreaterThanOrEqual(3)
      expect(rule.runbook.split('\n').length, rule.file).toBeLessThanOrEqual(6)
      expect(rule, rule.file).toMatchObject({ license: 'Apache-2.0', author: 'modelward' })
      expect(rule.references.length, rule.file).toBeGreaterThan(0)
      expect(rule.atlas.length + rule.attack.length, rule.file).toBeGreaterThan(0)
    }
  })
})

/** The records in the order of their times, through the normaliser: with principals, as the daemon sees them. */
function stratus(): readonly Event[] {
  const folder = sharedData('cloudtrail-stratus')
  const normalizer = openNormalizer({ pseudonyms: new Pseudonyms(Buffer.alloc(32, 1)) })
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
  const events = files.flatMap((stream) => {
    const bytes = readFileSync(join(folder, stream))
    const read = normalizer.normalize({ source: 'stratus', stream, offset: 0, bytes, receivedAt: Date.UTC(2027) })
    if ('refused' in read) throw new Error(`${stream}: ${read.refused.detail}`)
    return read.events
  })
  return events.toSorted((a, b) => a.at - b.at)
}

/** What Stratus Red Team did in these records, by rule and number of findings. */
const SEEN: Readonly<Record<string, number>> = {
  'aws-accelerators-launched': 2,
  'aws-administrator-policy-attached': 2,
  'aws-bucket-expires-within-a-week': 1,
  'aws-bucket-opened-to-stranger': 1,
  'aws-cloudtrail-narrowed': 1,
  'aws-cloudtrail-stopped': 6,
  'aws-command-run-on-instances': 2,
  'aws-console-login-without-mfa': 1,
  'aws-data-shared-outside': 3,
  'aws-endpoint-without-authentication': 1,
  'aws-flow-logs-deleted': 1,
  'aws-function-code-replaced': 2,
  'aws-identity-provider-added': 1,
  'aws-instance-password-read': 29,
  'aws-left-organization': 1,
  'aws-log-group-deleted': 1,
  'aws-many-secrets-read': 42,
  'aws-parameters-decrypted': 5,
  'aws-role-trusts-stranger': 1,
  'aws-secret-read': 61,
  'aws-security-group-open': 1,
  'aws-several-defences-lowered': 4,
  'aws-static-credential-created': 8,
  'aws-user-data-read': 15,
}

describe.skipIf(!haveSharedData())('2,900 real CloudTrail records of an attack simulation', () => {
  const events = haveSharedData() ? stratus() : []
  const findings = events.flatMap((one) => judge.judge(one))

  test('the attack steps fire, each by its rule', () => {
    expect(events).toHaveLength(2900)
    const counts = new Map<string, number>()
    for (const { rule } of findings) {
      const name = basename(rule.file, '.yml')
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    expect(Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))).toEqual(SEEN)
  })

  test('the rest stays quiet: one record in twenty fires, and none that only lists or describes, but one', () => {
    expect(new Set(findings.map(({ event }) => event.id)).size).toBeLessThan(150)
    const reading = findings
      .filter(
        ({ event: { fields } }) =>
          /^(List|Describe|Head)/.test(String(fields['eventName'])) && fields['errorCode'] === undefined,
      )
      .map(({ event: { fields } }) => fields['eventName'])
    expect(reading).toEqual(['ListSecrets'])
  })

  test('the trail that is put back, the permission that is taken back and the login with a second factor stay quiet', () => {
    const isBenign = ({ fields }: Event): boolean => {
      const text = JSON.stringify(fields)
      return (
        (fields['eventName'] === 'PutEventSelectors' && text.includes('"readWriteType":"All"')) ||
        (fields['eventName'] === 'ModifyImageAttribute' && text.includes('"remove"')) ||
        (fields['eventName'] === 'ConsoleLogin' && text.includes('"MFAUsed":"Yes"'))
      )
    }
    const benign = events.filter(isBenign)
    expect(benign).toHaveLength(3)
    expect(benign.flatMap((one) => judge.judge(one))).toEqual([])
  })
})
