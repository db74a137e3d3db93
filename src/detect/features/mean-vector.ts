/** What windows are compared with: the mean of a reference's vectors, each client weighing the same. */
export interface MeanVector {
  readonly mean: Float64Array
  /** Its squared length. */
  readonly squared: number
}

export function meanVector(mean: Float64Array): MeanVector {
  return { mean, squared: mean.reduce((sum, value) => sum + value * value, 0) }
}
