import { describe, expect, test } from 'vitest'
import { KEPT, Projection } from '../../../../src/detect/adversarial/trail/projection.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { normal } from '../streams.ts'

const salt = new Uint8Array(32).fill(7)

/** Two vectors of mean zero with a cosine near `cosine`. */
function pair(length: number, cosine: number, seed: number): readonly [Float32Array, Float32Array] {
  const random = seededRandom(seed)
  const centred = (): number[] => {
    const values = Array.from({ length }, () => normal(random))
    const mean = values.reduce((sum, value) => sum + value, 0) / length
    return values.map((value) => value - mean)
  }
  const [a, b] = [centred(), centred()]
  const mixed = a.map((value, i) => cosine * value + Math.sqrt(1 - cosine ** 2) * (b[i] ?? 0))
  return [Float32Array.from(a), Float32Array.from(mixed)]
}

function cosineOf(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array): number => x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

describe('a projection', () => {
  test.each([16, 48, 100, 128])('of %i numbers keeps angles exactly', (length) => {
    const [a, b] = pair(length, -0.6, length)
    const projection = new Projection(salt)
    const [pa, pb] = [projection.of(a), projection.of(b)]
    expect(pa && pb && cosineOf(pa, pb)).toBeCloseTo(cosineOf(a, b), 5)
  })

  test.each([200, 784, 3_072])('of %i numbers keeps them but for a tenth', (length) => {
    const projection = new Projection(salt)
    const errors = Array.from({ length: 50 }, (_, seed) => {
      const [a, b] = pair(length, -0.7, seed)
      return cosineOf(projection.of(a) ?? a, projection.of(b) ?? b) - cosineOf(a, b)
    })
    const deviation = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length)
    expect(deviation).toBeLessThan(0.1)
  })

  test('has a fixed size, and is another with another salt', () => {
    const [a] = pair(784, 0, 1)
    const one = new Projection(salt).of(a)
    expect(one).toHaveLength(KEPT)
    expect(new Projection(salt).of(a)).toEqual(one)
    expect(new Projection(new Uint8Array(32).fill(8)).of(a)).not.toEqual(one)
  })

  test('does not depend on what was projected before', () => {
    const [a] = pair(64, 0, 1)
    const used = new Projection(salt)
    for (let length = 16; length < 80; length++) used.of(new Float32Array(length).fill(1))
    expect(used.of(a)).toEqual(new Projection(salt).of(a))
  })
})
