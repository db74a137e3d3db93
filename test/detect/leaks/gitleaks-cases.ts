import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { SecretFinder } from '../../../src/detect/leaks/secrets/finder.ts'
import { readGitleaks } from '../../../src/detect/leaks/secrets/gitleaks.ts'
import { sharedData } from '../../support/shared-data.ts'

interface SecretCase {
  readonly rule: string
  readonly path: string
  readonly text: string
  readonly hit: boolean
}

export interface JudgedCases {
  readonly cases: number
  readonly hits: number
  /** Cases not judged as gitleaks judged them. */
  readonly wrong: readonly SecretCase[]
}

/** Gitleaks' own cases, each judged by its one rule and the pack's global allowlist. */
export function judgeGitleaksCases(): JudgedCases {
  const pack = readGitleaks(readFileSync(sharedData('secrets', 'gitleaks.toml'), 'utf8'), 'gitleaks.toml')
  const finders = new Map(pack.rules.map((rule) => [rule.id, new SecretFinder([{ ...pack, rules: [rule] }])]))
  const cases = gunzipSync(readFileSync(sharedData('secrets', 'cases.ndjson.gz')))
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as SecretCase)
  return {
    cases: cases.length,
    hits: cases.filter(({ hit }) => hit).length,
    wrong: cases.filter(({ rule, text, path, hit }) => {
      const leaks = finders.get(rule)?.find(text, { path }).leaks
      return leaks === undefined || leaks.length > 0 !== hit
    }),
  }
}
