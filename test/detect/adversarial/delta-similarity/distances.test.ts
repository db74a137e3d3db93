import { describe, expect, test } from 'vitest'
import { binOf, BINS, gathering } from '../../../../src/detect/adversarial/delta-similarity/distances.ts'

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
