import { expect, test } from 'vitest'
import { MOST_SURPRISE } from '../../../../src/detect/extraction/unfamiliar/familiar.ts'
import { type Filled, OpenWindows, sectionsOf, topOf } from '../../../../src/detect/extraction/unfamiliar/window.ts'
import { KeyedRows } from '../../../../src/detect/state/keyed-rows.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'

function fill(surprises: readonly number[], sizes: readonly number[]): (readonly Filled[])[] {
  const rows = new KeyedRows(1, sectionsOf(sizes, 'open'))
  const windows = new OpenWindows(rows.use('key:1'), sizes, (row, section) => rows.touch(row, section))
  return surprises.map((surprise, at) => windows.add(surprise, at, `id${at}`))
}

test('a window counts the square root of twice its size', () => {
  expect([50, 200, 1_000].map(topOf)).toEqual([10, 20, 45])
})

test('windows are told when they are full, with the mean of their most surprising requests', () => {
  const random = seededRandom(1)
  const surprises = Array.from({ length: 2_000 }, () => MOST_SURPRISE * random.next() ** 3)
  const sizes = [50, 200, 1_000]
  const filled = fill(surprises, sizes)
  for (const size of sizes) {
    const told = filled.flatMap((all, at) => all.filter((one) => one.size === size).map((one) => ({ ...one, at })))
    expect(told.map(({ at }) => at + 1)).toEqual(Array.from({ length: 2_000 / size }, (_, i) => (i + 1) * size))
    for (const { at, surprise, startedAt, exemplars, top } of told) {
      const own = surprises.slice(at + 1 - size, at + 1)
      const most = own
        .map((value, i) => ({ value, id: `id${at + 1 - size + i}` }))
        .toSorted((a, b) => b.value - a.value)
      const mean = most.slice(0, top).reduce((sum, { value }) => sum + value, 0) / top
      expect(surprise).toBeCloseTo(mean, 6)
      expect(startedAt).toBe(at + 1 - size)
      expect(exemplars).toEqual(most.slice(0, 5).map(({ id }) => id))
    }
  }
})

test('a large window may take all that counts from one small window', () => {
  const surprises = Array.from({ length: 1_000 }, (_, i) => (i >= 150 && i < 200 ? 5 - i / 1_000 : 1))
  const [small, middle, large] = [200, 200, 1_000].map((n, i) => fill(surprises, [50, 200, 1_000])[n - 1]?.[i])
  const mean = (count: number): number => 5 - (150 + (count - 1) / 2) / 1_000
  expect([small?.surprise, middle?.surprise, large?.surprise]).toEqual(
    [10, 20, 45].map((count) => expect.closeTo(mean(count), 6)),
  )
})

test('a principal takes 1.2 KB', () => {
  expect(sectionsOf([50, 200, 1_000], 'open').reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(1_250)
})
