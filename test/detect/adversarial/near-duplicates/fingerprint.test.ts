import { describe, expect, test } from 'vitest'
import {
  differingBits,
  Fingerprints,
  shareOf,
  signBits,
  SMALLEST,
} from '../../../../src/detect/adversarial/near-duplicates/fingerprint.ts'
import { betaBinomialTail, Fleet } from '../../../../src/detect/adversarial/near-duplicates/fleet.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'

function fingerprints(seed = 1): Fingerprints {
  const random = seededRandom(seed)
  return new Fingerprints(() => random.next() * 2 ** 32)
}

/** A bright stroke on a dark ground, as a digit is. */
function stroke(from: number, seed: number): Float32Array {
  const random = seededRandom(seed)
  const image = new Float32Array(784)
  for (let row = 5; row < 23; row++)
    for (let column = 0; column < 4; column++) image[row * 28 + from + column] = 0.2 + 0.8 * random.next()
  return image
}

describe('a fingerprint', () => {
  test('of an input changed in a few places has most in common with it', () => {
    const [prints, image] = [fingerprints(), stroke(10, 1)]
    const changed = image.slice()
    changed[300] = 1
    expect(shareOf(prints.ofVector(image), prints.ofVector(changed))).toBeGreaterThan(0.6)
    const text = 'write a short story about a lighthouse keeper who finds a letter in a bottle every morning'
    expect(shareOf(prints.ofText(text), prints.ofText(`please ${text}`))).toBeGreaterThan(0.6)
  })

  test('does not match by the background that inputs have in common', () => {
    const prints = fingerprints()
    expect(shareOf(prints.ofVector(stroke(6, 1)), prints.ofVector(stroke(18, 2)))).toBeLessThan(0.1)
    expect(prints.ofVector(new Float32Array(784))).toHaveLength(0)
    expect(prints.ofText('a'.repeat(500))).toHaveLength(0)
  })

  test('is ascending, without doubles, and unlike that of another salt', () => {
    const text = Array.from({ length: 300 }, (_, i) => String(i)).join(' ')
    const hashes = fingerprints().ofText(text)
    expect([...hashes]).toEqual([...new Set(hashes)].toSorted((a, b) => a - b))
    expect(hashes).toHaveLength(SMALLEST)
    expect(shareOf(hashes, fingerprints(2).ofText(text))).toBe(0)
    expect(shareOf(hashes, hashes)).toBe(1)
  })

  test('the share is told when it is at least what is asked for, else 0', () => {
    const random = seededRandom(4)
    const draw = (): Uint32Array =>
      new Uint32Array(new Set(Array.from({ length: 24 }, () => Math.floor(random.next() * 40)))).sort()
    for (let round = 0; round < 5_000; round++) {
      const [one, other] = [draw(), draw()]
      const share = shareOf(one, other)
      for (const least of [0.1, 0.5, 0.7, 0.9, share]) {
        const told = shareOf(one, other, least)
        expect(share >= least ? [share] : [0, share]).toContain(told)
      }
    }
  })

  test('of a text said over and over is that of the text, but for the seam, and has no doubles', () => {
    const prints = fingerprints()
    const text = Array.from({ length: 40 }, (_, i) => (i * i * 7919).toString(36)).join(' ')
    const again = prints.ofText(text.repeat(8))
    expect([...again]).toEqual([...new Set(again)].toSorted((a, b) => a - b))
    expect(again).toEqual(prints.ofText(text.repeat(2)))
    expect(shareOf(again, prints.ofText(text))).toBeGreaterThan(0.7)
  })

  test('sign bits count directions that differ', () => {
    const vector = Float32Array.from({ length: 128 }, (_, i) => (i % 3) - 0.5)
    const opposite = vector.map((value) => -value)
    expect(differingBits(signBits(vector), signBits(vector))).toBe(0)
    expect(differingBits(signBits(vector), signBits(opposite))).toBe(128)
  })
})

describe('a beta-binomial tail', () => {
  test('agrees with what is known', () => {
    expect(betaBinomialTail(1, 0.3, 0.2, 1)).toBeCloseTo(0.3, 12)
    // A correlation of 1/3 and a mean of 1/2 make a uniform distribution over 0, 1, 2.
    expect(betaBinomialTail(2, 0.5, 1 / 3, 1)).toBeCloseTo(2 / 3, 12)
    expect(betaBinomialTail(2, 0.5, 1 / 3, 2)).toBeCloseTo(1 / 3, 12)
    expect(betaBinomialTail(63, 0.001, 0.05, 0)).toBe(1)
    expect(betaBinomialTail(63, 0.01, 1e-9, 1)).toBeCloseTo(1 - 0.99 ** 63, 6)
  })

  test('goes on from what a fleet was seen to do, and never under it', () => {
    const fleet = new Fleet('vectors', 63)
    for (let client = 0; client < 99; client++) fleet.learn(client === 0 ? 20 : client % 3)
    expect(fleet.highP(0)).toBe(1)
    expect(fleet.highP(20)).toBeCloseTo(0.02)
    expect(fleet.highP(21)).toBeCloseTo(0.01)
    let before = 1
    for (let hits = 0; hits <= 63; hits++) {
      expect(fleet.highP(hits)).toBeLessThanOrEqual(before)
      before = fleet.highP(hits)
    }
    expect(before).toBeLessThan(0.005)
  })
})
