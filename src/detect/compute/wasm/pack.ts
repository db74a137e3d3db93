import { LEFT, RIGHT, UNROLL } from './products.ts'

/** Columns of a panel: filled up with zeros. */
export function depthOf(columns: number): number {
  return Math.ceil(columns / UNROLL) * UNROLL
}

/** How many float32 values `rows` rows take in panels of `height`. */
export function packedLength(rows: number, columns: number, height: number): number {
  return Math.ceil(rows / height) * height * depthOf(columns)
}

/** Rows from row-major `source` into left panels at index `at` of `target`: six rows side by side, column by column. */
export function packLeft(
  target: Float32Array,
  at: number,
  source: Float32Array,
  from: number,
  rows: number,
  columns: number,
  stride = columns,
): void {
  pack(LEFT, target, at, source, from, rows, columns, stride)
}

export function packRight(
  target: Float32Array,
  at: number,
  source: Float32Array,
  from: number,
  rows: number,
  columns: number,
): void {
  pack(RIGHT, target, at, source, from, rows, columns, columns)
}

function pack(
  height: number,
  target: Float32Array,
  at: number,
  source: Float32Array,
  from: number,
  rows: number,
  columns: number,
  stride: number,
): void {
  const depth = depthOf(columns)
  for (let first = 0; first < rows; first += height) {
    const panel = at + first * depth
    const present = Math.min(height, rows - first)
    if (present < height || columns < depth) target.fill(0, panel, panel + height * depth)
    for (let row = 0; row < present; row++) {
      const start = from + (first + row) * stride
      for (let column = 0; column < columns; column++)
        target[panel + column * height + row] = source[start + column] ?? 0
    }
  }
}
