/**
 * A bet against "given all that came before, a hit has at most this probability": an e-process in the sense of Ramdas,
 * Grünwald, Vovk and Shafer (2023, "Game-theoretic statistics and safe anytime-valid inference", arXiv 2210.01948).
 * One unit of capital is staked in parts 1/(t(t+1)), one part fresh at each trial t, so that evidence which begins late is
 * still found (Shin, Ramdas and Rinaldo 2023, "E-detectors", arXiv 2203.03532). Each part is multiplied by L = p1/bound on
 * a hit and by (1 - p1)/(1 - bound) otherwise, for three alternatives p1 between the bound and 1. While the hypothesis
 * holds, the mean of L is at most 1, hence by Ville's inequality P(wealth ever reaches 1/a) <= a: looking after every
 * request costs nothing, and 1/(largest wealth so far) is a p-value at any time.
 */

/** How far each alternative lies between the bound and certainty. */
const EAGERNESS = [0.1, 0.5, 0.9]

/** Numbers that one bet takes in memory: trials, then the capital of each alternative. */
export const BET_NUMBERS = 1 + EAGERNESS.length

/** More would say nothing new and might overflow; a cap only ever loses money, so the bound on p holds. */
const ENOUGH = 1e100

/** One trial. `bound` is in (0, 1) and was chosen before the trial was seen. */
export function placeBet(memory: Float64Array, at: number, hit: boolean, bound: number): void {
  const trial = (memory[at] ?? 0) + 1
  memory[at] = trial
  const fresh = 1 / (trial * (trial + 1))
  for (let i = 0; i < EAGERNESS.length; i++) {
    const eagerness = EAGERNESS[i] ?? 0
    const factor = hit ? (bound + eagerness * (1 - bound)) / bound : 1 - eagerness
    memory[at + 1 + i] = Math.min(ENOUGH, ((memory[at + 1 + i] ?? 0) + fresh) * factor)
  }
}

/** The e-value now: the mean capital of the alternatives and what has not been staked yet. 1 before the first trial. */
export function wealthOf(memory: Float64Array, at: number): number {
  let capital = 0
  for (let i = 0; i < EAGERNESS.length; i++) capital += memory[at + 1 + i] ?? 0
  return capital / EAGERNESS.length + 1 / ((memory[at] ?? 0) + 1)
}
