import { describe, expect, test } from 'vitest'
import { symmetricEigen } from '../../../../src/detect/extraction/class-distance/eigen.ts'
import { frechet, usualOf } from '../../../../src/detect/extraction/class-distance/frechet.ts'
import { COORDINATES } from '../../../../src/detect/extraction/class-distance/space.ts'

const diagonal = (value: (k: number) => number): Float64Array =>
  Float64Array.from({ length: COORDINATES ** 2 }, (_, i) =>
    i % (COORDINATES + 1) === 0 ? value(i / (COORDINATES + 1)) : 0,
  )

describe("Fréchet's distance", () => {
  const variances = Float64Array.from({ length: COORDINATES }, (_, k) => 1 / (1 + k))
  const trace = variances.reduce((sum, value) => sum + value, 0)
  const gaussian = { mean: new Float64Array(COORDINATES), covariance: diagonal((k) => variances[k] ?? 0), trace }
  /** Two queries at ±c along each axis: mean 0, and variance 2 c² / (2 · 64 - 1) along each. */
  const cross = (c: (k: number) => number): Float64Array[] =>
    Array.from({ length: 2 * COORDINATES }, (_, i) =>
      new Float64Array(COORDINATES).map((__, k) => (k === i >> 1 ? (i % 2 === 0 ? c(k) : -c(k)) : 0)),
    )

  test('of equal Gaussians is nothing', () => {
    const queries = cross((k) => Math.sqrt(((variances[k] ?? 0) * (2 * COORDINATES - 1)) / 2))
    expect(frechet(gaussian, queries)).toBeCloseTo(0, 6)
  })

  test('of commuting covariances is the squared difference of their roots, and of the means', () => {
    const wider = cross((k) => 3 * Math.sqrt(((variances[k] ?? 0) * (2 * COORDINATES - 1)) / 2))
    expect(frechet(gaussian, wider)).toBeCloseTo(4 * trace, 6)
    const moved = wider.map((query) => query.map((value, k) => (k === 2 ? value + 5 : value)))
    expect(frechet(gaussian, moved)).toBeCloseTo(4 * trace + 25, 6)
  })

  test('of one query is that of a point', () => {
    const query = new Float64Array(COORDINATES).fill(2)
    expect(frechet(gaussian, [query])).toBeCloseTo(4 * COORDINATES + trace, 9)
  })

  test('is usual in between for counts in between', () => {
    const usual = Float64Array.of(32, 16, 8, 4, 2, 1)
    expect([1, 2, 3, 16, 32, 50].map((count) => usualOf({ usual }, count))).toEqual([
      32,
      16,
      expect.closeTo(11.3, 1),
      2,
      1,
      1,
    ])
  })
})

describe('eigenvalues', () => {
  test('and vectors make the matrix again', () => {
    const size = 5
    const matrix = Float64Array.from({ length: size * size }, (_, i) => {
      const [row, column] = [Math.floor(i / size), i % size]
      return Math.sin(1 + row + column) + Number(row === column) * row
    })
    const { values, vectors } = symmetricEigen(matrix, size, true)
    for (let row = 0; row < size; row++)
      for (let column = 0; column < size; column++) {
        let sum = 0
        for (let k = 0; k < size; k++)
          sum += (values[k] ?? 0) * (vectors[k * size + row] ?? 0) * (vectors[k * size + column] ?? 0)
        expect(sum).toBeCloseTo(matrix[row * size + column] ?? 0, 9)
      }
    expect(symmetricEigen(matrix, size).values).toEqual(values)
  })
})
