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

/** Standard normal quantile of a two-sided interval of 95 %. */
const Z = 1.959964
const TIMED_RUNS = 5

/**
 * E5: gitleaks' own cases (each judged by its one rule and the global allowlist), and presidio-research's synthetic
 * sentences (a label is met, and a finding right, when both begin and end at the same character). Words that speak of
 * calling were chosen with those sentences at hand, so the recall of phones is in sample. Quiet texts are the public
 * prompts of T0, in which no secret is known to stand. Intervals: Wilson 1927, 95 %.
 */
export const leaks: Bench = {
  name: 'detection-leaks',
  summary: "secrets by gitleaks' own cases, personal data by presidio's sentences, false alarms and cost on T0",
  async run(report) {
    const { cases, hits, wrong } = judgeGitleaksCases()
    report(`${cases} cases of gitleaks judged`)
    const tallies = tallyPresidio()
    report('sentences of presidio-research judged')
    for (const { kind, misses, extra } of tallies)
      if (misses.length + extra.length > 0)
        report(`${kind}: missed ${JSON.stringify(misses)}, not labelled ${JSON.stringify(extra)}`)
    const wrongHits = wrong.filter(({ hit }) => hit).length
    return [
      share('gitleaks cases right', cases - wrong.length, cases),
      share('gitleaks cases with a secret: found', hits - wrongHits, hits),
      share('gitleaks cases without: quiet', cases - hits - (wrong.length - wrongHits), cases - hits),
      ...tallies.flatMap(({ kind, labelled, found, met, right }) => [
        share(`${kind}: recall`, met, labelled),
        share(`${kind}: precision`, right, found),
      ]),
      ...onQuietPrompts(report),
    ]
  },
}

function onQuietPrompts(report: (message: string) => void): readonly Case[] {
  const prompts = gunzipSync(readFileSync(sharedData('t0-prompts', 'prompts.ndjson.gz')))
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { readonly prompt: string }).prompt)
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
    return [share(`${name}: T0 prompts with a finding`, told, prompts.length), { ...row(`${name}: cost`), ...cost }]
  })
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

function share(name: string, part: number, whole: number): Case {
  const [low, high] = wilson(part, whole)
  const interval = `${part} of ${whole}, 95 % ${(100 * low).toFixed(2)}–${(100 * high).toFixed(2)}`
  return { ...row(`${name} (${interval})`), value: (100 * part) / whole, unit: '%' }
}

function row(name: string): Case {
  return { bench: leaks.name, case: name, value: null, unit: '', runs: 1, peer: null, ratio: null }
}

function wilson(part: number, whole: number): readonly [number, number] {
  const rate = part / whole
  const centre = rate + Z ** 2 / (2 * whole)
  const half = Z * Math.sqrt((rate * (1 - rate)) / whole + Z ** 2 / (4 * whole ** 2))
  const norm = 1 + Z ** 2 / whole
  return [Math.max(0, (centre - half) / norm), Math.min(1, (centre + half) / norm)]
}
