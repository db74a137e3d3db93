import { describe, expect, test } from 'vitest'
import {
  binOf,
  BINS,
  gathering,
  leastGathering,
  scatterOf,
} from '../../../../src/detect/adversarial/delta-similarity/distances.ts'
import { shapesOf } from '../../../../src/detect/adversarial/delta-similarity/ordinary.ts'

function counts(...cosines: readonly number[]): number[] {
  const found = Array.from({ length: BINS }, () => 0)
  for (const cosine of cosines) found[binOf(cosine)] = (found[binOf(cosine)] ?? 0) + 1
  return found
}

describe('where a window gathers', () => {
  test('is the interval in which its share exceeds the usual one most', () => {
    const found = gathering(counts(-0.71, -0.71, -0.69, 0.9), counts(-0.71, -0.3, 0.1, 0.9))
    expect(found?.excess).toBeCloseTo(0.5)
    expect(found?.share).toBeCloseTo(0.75)
    expect(found?.usual).toBeCloseTo(0.25)
    expect(found?.from).toBeCloseTo(-0.72)
    expect(found?.to).toBeCloseTo(-0.68)
  })

  test('is nowhere in what goes on ahead, nor in what is as usual', () => {
    expect(gathering(counts(0.5, 0.6, 0.9), counts(-0.5, -0.4))?.excess).toBe(0)
    expect(gathering(counts(-0.5, -0.4), counts(-0.5, -0.4))?.excess).toBe(0)
  })

  test('is not known of nothing', () => {
    expect(gathering(counts(), counts(-0.5))).toBeUndefined()
    expect(gathering(counts(-0.5), counts())).toBeUndefined()
  })

  test('cosines at the ends have bins', () => {
    expect([binOf(-1), binOf(1), binOf(-1.0001), binOf(1.0001)]).toEqual([0, BINS - 1, 0, BINS - 1])
  })
})

describe('kinds of principals', () => {
  const narrow = counts(-0.6, -0.5, -0.5, -0.4)
  const wide = counts(-0.9, -0.7, -0.1, 0.1)

  test('scatter as the variance of their cosines says', () => {
    expect(scatterOf(counts(-0.51, 0.49))).toBeCloseTo(0.25)
    expect(scatterOf(counts(0.3, 0.3))).toBeCloseTo(0)
    expect(scatterOf(counts())).toBe(0)
  })

  test('have a shape of their own where they scatter widely', () => {
    const { all, wide: found } = shapesOf([narrow, narrow, narrow, wide])
    expect([...found]).toEqual(wide)
    expect(all.reduce((sum, count) => sum + count)).toBe(16)
    expect(shapesOf([narrow, narrow]).wide.every((count) => count === 0)).toBe(true)
  })

  test('are compared with that shape which a window is most like', () => {
    const shapes = [narrow, wide]
    expect(leastGathering(wide, shapes)?.excess).toBe(0)
    expect(leastGathering(wide, [narrow])?.excess).toBeCloseTo(0.5)
    expect(leastGathering(counts(-0.71, -0.71, -0.71), [...shapes, counts()])?.excess).toBeGreaterThan(0.7)
    expect(leastGathering(wide, [counts()])).toBeUndefined()
  })
})
