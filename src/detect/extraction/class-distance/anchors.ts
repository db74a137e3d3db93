import { COORDINATES } from './space.ts'

/** Anchors of a class. */
export const ANCHORS = 16
/** Of a class's benign queries this share lies nearer to its anchors than the limit. */
export const NEAR_SHARE = 0.95

/** Benign queries of one class that others are compared with. */
export interface Anchors {
  /** `ANCHORS` × `COORDINATES`, measured. */
  readonly rows: Float32Array
  /** Distance that 95 % of the class's benign queries keep. */
  readonly limit: number
}

/** The distance of a query from the nearest anchor. */
export function anchorDistance(rows: Float32Array, at: Float64Array): number {
  let nearest = Infinity
  for (let from = 0; from < rows.length; from += COORDINATES) {
    let squared = 0
    for (let k = 0; k < COORDINATES; k++) squared += ((rows[from + k] ?? 0) - (at[k] ?? 0)) ** 2
    if (squared < nearest) nearest = squared
  }
  return Math.sqrt(nearest)
}
