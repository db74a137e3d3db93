import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { PII_KINDS, PiiFinder } from '../../../src/detect/leaks/pii/finder.ts'
import { PII_DEFAULTS } from '../../../src/detect/leaks/pii/pii.ts'
import type { LeakFinder } from '../../../src/detect/leaks/leak.ts'
import { SecretFinder } from '../../../src/detect/leaks/secrets/finder.ts'
import { readGitleaks } from '../../../src/detect/leaks/secrets/gitleaks.ts'
import { ownPack } from '../../../src/detect/leaks/secrets/own-pack.ts'
import { judgeGitleaksCases } from '../../detect/leaks/gitleaks-cases.ts'
import { tallyPresidio } from '../../detect/leaks/presidio.ts'
import { sharedData } from '../../support/shared-data.ts'
import { median, type Bench, type Case } from '../bench.ts'
import { heldOutCases } from './pii/cases.ts'
import { row, share } from './shares.ts'

const TIMED_RUNS = 5

/**
 * E5: gitleaks' own cases (each judged by its one rule and the global allowlist), and presidio-research's synthetic
 * sentences (a label is met, and a finding right, when both begin and end at the same character). Words that speak of
 * calling and ranges of cards were chosen with those sentences at hand, so these rows are in sample. Held out are the sets
 * of `pii/`: drawn by seed from public rules, in sentences of T0 prompts. Quiet texts are those prompts, in which no secret
 * is known to stand. Intervals: Wilson 1927, 95 %.
 */
export const leaks: Bench = {
  name: 'detection-leaks',
  summary: "secrets by gitleaks' own cases, personal data by presidio's sentences and held-out sets, cost on T0",
  async run(report) {
    const { cases, hits, wrong } = judgeGitleaksCases()
    report(`${cases} cases of gitleaks judged`)
    const tallies = tallyPresidio()
    report('sentences of presidio-research judged')
    for (const { kind, misses, extra } of tallies)
      if (misses.length + extra.length > 0)
        report(`${kind}: missed ${JSON.stringify(misses)}, not labelled ${JSON.stringify(extra)}`)
    const prompts = readPrompts()
    const wrongHits = wrong.filter(({ hit }) => hit).length
    return [
      share(leaks.name, 'gitleaks cases right', cases - wrong.length, cases),
      share(leaks.name, 'gitleaks cases with a secret: found', hits - wrongHits, hits),
      share(leaks.name, 'gitleaks cases without: quiet', cases - hits - (wrong.length - wrongHits), cases - hits),
      ...tallies.flatMap(({ kind, labelled, found, met, right }) => [
        share(leaks.name, `${kind}: recall`, met, labelled),
        share(leaks.name, `${kind}: precision`, right, found),
      ]),
      ...heldOutCases(leaks.name, prompts, report),
      ...onQuietPrompts(prompts, report),
    ]
  },
}

function onQuietPrompts(prompts: readonly string[], report: (message: string) => void): readonly Case[] {
  const gitleaks = readGitleaks(readFileSync(sharedData('secrets', 'gitleaks.toml'), 'utf8'), 'gitleaks.toml')
  const finders: readonly (readonly [string, LeakFinder])[] = [
    ['secrets, own pack', new SecretFinder([ownPack])],
    ["secrets, gitleaks' pack", new SecretFinder([gitleaks])],
    ['personal data', new PiiFinder(PII_DEFAULTS.kinds, PII_DEFAULTS.regions)],
    ['personal data and URLs', new PiiFinder(PII_KINDS, PII_DEFAULTS.regions)],
  ]
  return finders.flatMap(([name, finder]) => {
    const told = prompts.filter((prompt) => finder.find(prompt).leaks.length > 0).length
    const cost = costOf(finder, prompts)
    report(`${name}: ${prompts.length} prompts`)
    return [
      share(leaks.name, `${name}: T0 prompts with a finding`, told, prompts.length),
      { ...row(leaks.name, `${name}: cost`), ...cost },
    ]
  })
}

function readPrompts(): readonly string[] {
  return gunzipSync(readFileSync(sharedData('t0-prompts', 'prompts.ndjson.gz')))
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { readonly prompt: string }).prompt)
}

function costOf(finder: LeakFinder, texts: readonly string[]): Pick<Case, 'value' | 'unit' | 'runs'> {
  const thousands = texts.reduce((sum, text) => sum + text.length, 0) / 1_000
  const runs = Array.from({ length: TIMED_RUNS }, () => {
    const started = process.cpuUsage()
    for (const text of texts) finder.find(text)
    const { user, system } = process.cpuUsage(started)
    return (user + system) / thousands
  })
  return { value: median(runs), unit: 'µs CPU/1,000 characters', runs: TIMED_RUNS }
}
