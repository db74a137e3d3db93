import { describe, expect, test } from 'vitest'
import { openRef } from '../../../../src/detect/compute/ref/ref.ts'
import { leadingDirections, Subspace } from '../../../../src/detect/extraction/class-distance/subspace.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { normal } from '../../../support/victim.ts'

describe('what lies outside of the benign directions', () => {
  const width = 12
  const variances = Float64Array.from({ length: width }, (_, k) => (k % 2 === 0 ? 10 + k : 0.01))
  const covariance = Float64Array.from({ length: width ** 2 }, (_, i) =>
    i % (width + 1) === 0 ? (variances[i / (width + 1)] ?? 0) : 0,
  )
  const directions = leadingDirections(covariance, width, 6, 1)
  const centre = new Float32Array(width).fill(3)
  const subspace = new Subspace({ seed: 1, columns: width, centre, directions })
  const inside = Float32Array.from(centre, (value, k) => value + (k % 2 === 0 ? 5 : 0))

  test('the directions are those of the largest variances', () => {
    for (let k = 0; k < width; k += 2) {
      let along = 0
      for (let row = 0; row < 6; row++) along += (directions[row * width + k] ?? 0) ** 2
      expect(along).toBeCloseTo(1, 4)
    }
  })

  test('is nothing for what lies in them, and the squared length of the rest', () => {
    expect(subspace.outside(inside)).toBeCloseTo(0, 3)
    const off = inside.map((value, k) => value + (k === 1 ? 2 : 0))
    expect(subspace.outside(off)).toBeCloseTo(4, 3)
  })

  test('is the same on a device', async () => {
    const random = seededRandom(2)
    const values = Float32Array.from({ length: 5 * width }, () => 3 + normal(random))
    const squares = await openRef().mlpScore({ rows: 5, columns: width, values }, subspace.layers)
    for (const [row, squared] of squares.entries())
      expect(squared).toBeCloseTo(subspace.outside(values.slice(row * width, (row + 1) * width)), 3)
  })

  test('folding keeps lengths on average', () => {
    const random = seededRandom(3)
    const long = new Subspace({
      seed: 4,
      columns: 2_048,
      centre: new Float32Array(512),
      directions: new Float32Array(),
    })
    const vector = Float32Array.from({ length: 2_048 }, () => normal(random))
    const folded = long.fold.of(vector)
    expect(folded).toHaveLength(512)
    expect(long.outside(folded) / 2_048).toBeCloseTo(1, 0)
  })
})
