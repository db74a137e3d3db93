import type { ColumnDistances, Matrix } from '../../../contract/compute.ts'
import { decileIndices, stabilityIndex } from '../plan/plan.ts'

/** Both samples sorted, then merged: Kolmogorov-Smirnov distance and population stability index of each column. */
export function columnDistances(reference: Matrix, current: Matrix): ColumnDistances {
  const ks = new Float64Array(reference.columns)
  const psi = new Float64Array(reference.columns)
  for (let column = 0; column < reference.columns; column++) {
    const before = sortedColumn(reference, column)
    const now = sortedColumn(current, column)
    ks[column] = largestGap(before, now)
    const edges = decileIndices(before.length).map((index) => before[index] ?? NaN)
    psi[column] = stabilityIndex(
      edges.map((edge) => countUpTo(before, edge)),
      before.length,
      edges.map((edge) => countUpTo(now, edge)),
      now.length,
    )
  }
  return { ks, psi }
}

function sortedColumn(matrix: Matrix, column: number): Float32Array {
  return Float32Array.from(
    { length: matrix.rows },
    (_, row) => matrix.values[row * matrix.columns + column] ?? NaN,
  ).sort()
}

/** The largest difference between the two distribution functions, looked at after every value of either sample. */
function largestGap(a: Float32Array, b: Float32Array): number {
  let [fromA, fromB, largest] = [0, 0, 0]
  while (fromA < a.length && fromB < b.length) {
    const value = Math.min(a[fromA] ?? NaN, b[fromB] ?? NaN)
    while (a[fromA] === value) fromA++
    while (b[fromB] === value) fromB++
    largest = Math.max(largest, Math.abs(fromA / a.length - fromB / b.length))
  }
  return largest
}

function countUpTo(sorted: Float32Array, edge: number): number {
  let count = 0
  while (count < sorted.length && (sorted[count] ?? NaN) <= edge) count++
  return count
}
