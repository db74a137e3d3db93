import type { Bench, Case } from './bench.ts'
import { decisionAttacks } from './detection/decision-attacks.ts'
import { leaks } from './detection/leaks.ts'
import { tabled } from './detection/table.ts'

/** The experiments of docs/detectors.md, a command each; seeds and limits are constants of their files. */
export const experiments: readonly Bench[] = [
  { id: 'E3', bench: decisionAttacks },
  { id: 'E5', bench: leaks },
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
