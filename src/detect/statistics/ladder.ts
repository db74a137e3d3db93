/** Below this no p-value is told apart: models of tails are not believed that far. */
export const SMALLEST_P = 1e-9

/**
 * The levels at which a falling p-value is told again: `below`, then 5, 2 and 1 times each power of ten down to 1e-9. A
 * rule with a round threshold therefore sees the first p-value under it, and one episode costs at most 27 scores.
 */
export class Ladder {
  readonly levels: readonly number[]

  constructor(below: number) {
    const levels = [below]
    for (let power = 1; power <= 9; power++)
      for (const digit of [5, 2, 1]) {
        const level = Number(`${digit}e-${power}`)
        if (level < below) levels.push(level)
      }
    this.levels = levels
  }

  /** How many levels `p` is at or under: 0 when it is above all. */
  rungOf(p: number): number {
    let rung = 0
    while (rung < this.levels.length && p <= (this.levels[rung] ?? 0)) rung++
    return rung
  }
}
