import { describe, expect, test } from 'vitest'
import { OpenWindows, sectionsOf } from '../../../../src/detect/extraction/distribution/window.ts'
import type { Filled } from '../../../../src/detect/extraction/distribution/window.ts'
import { FOURIER_FEATURES } from '../../../../src/detect/features/fourier.ts'
import { meanVector } from '../../../../src/detect/features/mean-vector.ts'
import { KeyedRows } from '../../../../src/detect/state/keyed-rows.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'

const SIZES = [4, 8, 16]
const random = seededRandom(1)
const mean = Float64Array.from({ length: FOURIER_FEATURES }, () => random.next() * 60 - 30)
const centre = meanVector(mean)

describe('open windows', () => {
  test('each is told when it is full, the smallest first, and then begins anew', () => {
    const filled = fill(Array.from({ length: 32 }, featuresNear))
    expect(filled.map(({ at, sizes }) => `${at}: ${sizes.join(' ')}`)).toEqual([
      '3: 4',
      '7: 4 8',
      '11: 4',
      '15: 4 8 16',
      '19: 4',
      '23: 4 8',
      '27: 4',
      '31: 4 8 16',
    ])
  })

  test('the distance is the unbiased squared discrepancy, as its definition over pairs says', () => {
    const rows = Array.from({ length: 16 }, featuresNear)
    const [told] = fill(rows).filter(({ sizes }) => sizes.includes(16))
    expect(told?.filled.at(-1)?.distance).toBeCloseTo(byDefinition(rows), 12)
    expect(told?.filled[0]?.distance).toBeCloseTo(byDefinition(rows.slice(12)), 12)
  })

  test('the order of the requests does not matter to a bit', () => {
    const rows = Array.from({ length: 16 }, featuresNear)
    const distances = [rows, rows.toReversed()].map((order) => fill(order).at(-1)?.filled.at(-1)?.distance)
    expect(distances[1]).toBe(distances[0])
  })

  test('the five requests farthest from the mean are exemplars, farthest first, of long windows too', () => {
    const far = [3, 9, 1, 14, 6, 12]
    const rows = Array.from({ length: 16 }, (_, i) => {
      const rank = far.indexOf(i)
      return Int8Array.from(mean, (value) => Math.round(value + (rank < 0 ? 0 : 80 - 10 * rank)))
    })
    const last = fill(rows).at(-1)?.filled
    expect(last?.at(-1)?.exemplars).toEqual(['id3', 'id9', 'id1', 'id14', 'id6'])
    expect(last?.[0]?.exemplars.slice(0, 2)).toEqual(['id14', 'id12'])
  })

  test('the largest first window of the largest features does not overflow', () => {
    const rows = Array.from({ length: 256 }, () => new Int8Array(FOURIER_FEATURES).fill(-127))
    expect(fill(rows, [256])[0]?.filled[0]?.distance).toBeCloseTo(byDefinition(rows.slice(0, 2)), 10)
  })

  test.each([
    [50, 200, 1_000],
    [16, 128, 1_024],
    [200, 1_000, 20_000],
  ])('a window of which sums are rounded is told as exact sums would have it: %i, %i, %i', (...sizes) => {
    const [, , size] = sizes
    const kinds = Array.from({ length: 100 }, featuresNear)
    const rows = Array.from({ length: size }, (_, i) => kinds[i % 100] ?? featuresNear())
    const told = fill(rows, sizes).at(-1)?.filled.at(-1)
    expect(told?.size).toBe(size)
    // Distances of interest are of the order of 1e-4.
    expect(Math.abs((told?.distance ?? NaN) - bySums(rows))).toBeLessThan(1e-7)
  })

  test.each([
    [50, 200, 1_000],
    [16, 1_024],
    [16, 65_536],
  ])('a large window of the largest features does not overflow: %i, %i', (...sizes) => {
    for (const value of [-127, 127]) {
      const extreme = new Int8Array(FOURIER_FEATURES).fill(value)
      const told = fill(
        Array.from({ length: sizes.at(-1) ?? NaN }, () => extreme),
        sizes,
      )
        .at(-1)
        ?.filled.at(-1)
      expect(told?.distance).toBeCloseTo(byDefinition([extreme, extreme]), 3)
    }
  })

  test('a principal takes 13 KB', () => {
    const bytes = sectionsOf([50, 200, 1_000], 'open').reduce((sum, section) => sum + section.bytes, 0)
    expect(bytes).toBeLessThan(13_100)
  })
})

interface Told {
  readonly at: number
  readonly sizes: readonly number[]
  readonly filled: readonly Filled[]
}

function fill(rows: readonly Int8Array[], sizes: readonly number[] = SIZES): Told[] {
  const map = new KeyedRows(1, sectionsOf(sizes, 'open'))
  const windows = new OpenWindows(map.use('key:1'), sizes, (row, section) => map.touch(row, section))
  return rows
    .map((features, at) => ({ at, filled: windows.add(features, at, `id${at}`, centre) }))
    .filter(({ filled }) => filled.length > 0)
    .map(({ at, filled }) => ({ at, filled, sizes: filled.map(({ size }) => size) }))
}

function featuresNear(): Int8Array {
  return Int8Array.from(mean, (value) => Math.round(value + random.next() * 90 - 45))
}

/** Mean over pairs of different requests of <x - mean, y - mean>, in units of the kernel. */
function byDefinition(rows: readonly Int8Array[]): number {
  let sum = 0
  for (const [one, x] of rows.entries())
    for (const [other, y] of rows.entries())
      if (one !== other)
        for (const [i, centred] of mean.entries()) sum += ((x[i] ?? 0) - centred) * ((y[i] ?? 0) - centred)
  return (2 * sum) / (FOURIER_FEATURES * 127 ** 2 * rows.length * (rows.length - 1))
}

/** The same by the sum of what is centred: for many requests. */
function bySums(rows: readonly Int8Array[]): number {
  const sums = new Float64Array(FOURIER_FEATURES)
  let squares = 0
  for (const row of rows)
    for (const [i, centred] of mean.entries()) {
      const value = (row[i] ?? 0) - centred
      sums[i] = (sums[i] ?? 0) + value
      squares += value ** 2
    }
  const own = sums.reduce((sum, value) => sum + value ** 2, 0)
  return (2 * (own - squares)) / (FOURIER_FEATURES * 127 ** 2 * rows.length * (rows.length - 1))
}
