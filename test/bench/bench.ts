/** One measured case; what `--json` prints a line of. A peer that is not there is named with value null. */
export interface Case {
  readonly bench: string
  readonly case: string
  readonly value: number | null
  readonly unit: string
  readonly runs: number
  readonly peer: string | null
  readonly ratio: number | null
}

export interface Bench {
  readonly name: string
  readonly summary: string
  run(report: (message: string) => void): Promise<readonly Case[]>
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}
