import type { Explanation, Score } from '../../contract/detect.ts'
import type { Budget } from './budget.ts'
import type { EvidencePart } from './fusion.ts'

/** Detectors named in an explanation, those that weigh most. */
const NAMED = 3

/** What tipped the scale, what else lies on it, and what telling it costs of the budget. */
export function explain(score: Score, evidence: number, parts: readonly EvidencePart[], budget: Budget): Explanation {
  const { perWeek, looksAssumed } = budget.report()
  const cost = budget.costOf(evidence)
  const weightiest = parts.toSorted((a, b) => b.e - a.e).filter(({ e }) => e > 1)
  const named = weightiest.slice(0, NAMED).map(({ detector, e }) => `${detector} ${rounded(e)}`)
  return {
    ...score.explain,
    by: score.detector,
    evidence: rounded(evidence),
    weights: named,
    looks_per_week: looksAssumed,
    budget_per_week: perWeek,
    cost_per_week: rounded(cost),
    budget_share: rounded(cost / perWeek),
    text: `${score.explain.text}. Evidence ${rounded(evidence)} to 1 (${named.join(', ')}): with ${looksAssumed} looks a week chance shows this at most ${rounded(cost)} times a week, of ${perWeek} accepted`,
  }
}

function rounded(value: number): number {
  return Number(value.toPrecision(3))
}
