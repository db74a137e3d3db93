import type { Bench, Case } from './bench.ts'
import { adaptive } from './detection/adaptive.ts'
import { decisionAttacks } from './detection/decision-attacks.ts'
import { harvest } from './detection/harvest.ts'
import { leaks } from './detection/leaks.ts'
import { linkage } from './detection/linkage.ts'
import { queryAttacks } from './detection/query-attacks.ts'
import { tabled } from './detection/table.ts'
import { textExtraction } from './detection/text-extraction.ts'
import { textFleets } from './detection/text-fleets.ts'
import { usageDays } from './detection/usage-days.ts'

/** The experiments of docs/detectors.md, a command each; seeds and limits are constants of their files. */
export const experiments: readonly Bench[] = [
  { id: 'E1', bench: textExtraction },
  { id: 'E1b', bench: textFleets },
  { id: 'E2', bench: queryAttacks },
  { id: 'E3', bench: decisionAttacks },
  { id: 'E4', bench: harvest },
  { id: 'E4b', bench: linkage },
  { id: 'E5', bench: leaks },
  { id: 'E6', bench: adaptive },
  { id: 'E7', bench: usageDays },
].map(tabled)

/** All of them in turn: hours on two cores. */
export const detection: Bench = {
  name: 'detection',
  summary: `all experiments in turn, their tables into docs/detectors.md: ${experiments.map(({ name }) => name).join(', ')}`,
  async run(report) {
    const cases: Case[] = []
    for (const experiment of experiments) {
      report(experiment.name)
      cases.push(...(await experiment.run(report)))
    }
    return cases
  },
}
