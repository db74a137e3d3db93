import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { fourierNumbers } from '../../../src/detect/compute/plan/plan.ts'
import { cosineOfTurns, cosines, roundCosines, transformRow } from '../../../src/detect/compute/plan/fourier.ts'
import { openRef } from '../../../src/detect/compute/ref/ref.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { normal } from './matrices.ts'
import { deviceSuite } from './suite.ts'

deviceSuite('ref', async () => openRef())

const plan = { columns: 100, features: 512, bandwidths: [4, 8], seed: 7 }

test('random features are what dense float64 matrices of signs and Hadamard give', () => {
  const inputs = normal(1, 1, 100)
  const features = new Float32Array(128)
  const numbers = fourierNumbers(plan)
  const { signs, phases } = numbers
  for (let block = 0; block < 4; block++) {
    cosines(numbers, block, inputs.values, features)
    let values = Array.from({ length: 128 }, (_, at) => inputs.values[at] ?? 0)
    for (let round = 0; round < 3; round++) {
      const signed = values.map((value, at) => value * (signs[(block * 3 + round) * 128 + at] ?? NaN))
      values = signed.map((_, row) => signed.reduce((sum, value, at) => sum + value * hadamard(row, at), 0))
    }
    const bandwidth = block % 2 === 0 ? 4 : 8
    values.forEach((value, at) => {
      const feature = block * 128 + at
      const angle = value / (128 * bandwidth) + 2 * Math.PI * (phases[feature] ?? NaN)
      expect(features[at]).toBeCloseTo(Math.cos(angle), 5)
    })
  }
})

test('the mean product of features is the mean Gaussian kernel', async () => {
  const wide = { columns: 64, features: 16_384, bandwidths: [6, 12], seed: 9 }
  const inputs = normal(2, 6, 64, 0.7)
  const { values } = await openRef().rff(inputs, wide)
  for (let row = 1; row < 6; row++) {
    let [square, product] = [0, 0]
    for (let at = 0; at < 64; at++) square += ((inputs.values[at] ?? 0) - (inputs.values[row * 64 + at] ?? 0)) ** 2
    for (let at = 0; at < wide.features; at++) product += (values[at] ?? 0) * (values[row * wide.features + at] ?? 0)
    const kernel = (Math.exp(-square / 72) + Math.exp(-square / 288)) / 2
    expect((2 * product) / wide.features / 127 ** 2).toBeCloseTo(kernel, 1)
    expect(Math.abs((2 * product) / wide.features / 127 ** 2 - kernel)).toBeLessThan(0.02)
  }
})

test('a row alone is bit for bit the row of ref', async () => {
  const inputs = normal(3, 3, 100)
  const together = await openRef().rff(inputs, plan)
  const alone = new Int8Array(512)
  transformRow(plan, inputs.values.subarray(200), alone)
  expect([...alone]).toEqual([...together.values.subarray(1024)])
  expect(() => transformRow(plan, inputs.values, alone)).toThrow(RangeError)
  expect(() => transformRow(plan, new Float32Array(100).fill(NaN), alone)).toThrow('not a finite number')
})

test('features are the cosines in 127ths, rounded to the nearest whole number, halves up', async () => {
  const inputs = normal(4, 20, 100)
  const { values } = await openRef().rff(inputs, plan)
  const [numbers, block] = [fourierNumbers(plan), new Float32Array(128)]
  for (let row = 0; row < 20; row++)
    for (let index = 0; index < 4; index++) {
      cosines(numbers, index, inputs.values.subarray(row * 100, (row + 1) * 100), block)
      const right = Array.from(block, (cosine) => Math.floor(cosine * 127 + 0.5))
      expect([...values.subarray(row * 512 + index * 128, row * 512 + (index + 1) * 128)]).toEqual(right)
    }
  const halves = new Int8Array(6)
  roundCosines(Float32Array.of(0.5, -0.5, 1, -1, 0.4999 / 127, -0.5001 / 127), halves, 0)
  expect([...halves]).toEqual([64, -63, 127, -127, 0, -1])
})

test('no angle has a cosine of exactly one half, which would have 127ths between two whole numbers', () => {
  // Neighbours in float32 of the angles in the first turn; larger angles leave coarser fractions, which are among them.
  const [angle, bits] = [new Float32Array(1), new Int32Array(1)]
  const neighbour = new Float32Array(bits.buffer)
  for (const sixth of [1, 2, 4, 5]) {
    angle[0] = sixth / 6
    const [first = 0] = new Int32Array(angle.buffer)
    const near = Array.from({ length: 2001 }, (_, at) => {
      bits[0] = first + at - 1000
      return Math.abs(cosineOfTurns(neighbour[0] ?? NaN))
    })
    expect(Math.min(...near)).toBeLessThan(0.5)
    expect(Math.max(...near)).toBeGreaterThan(0.5)
    expect(near).not.toContain(0.5)
  }
})

test('features are those that are stored: sums of earlier versions go on meaning the same', async () => {
  const random = seededRandom(40)
  const values = Float32Array.from({ length: 20 * 512 }, () => (random.next() - 0.5) / 6.5)
  const stored = { columns: 512, features: 2048, bandwidths: [1.2, 2.4], seed: 4 }
  const found = await openRef().rff({ rows: 20, columns: 512, values }, stored)
  // Of version 0.1, which had the cosines from a device and rounded them in the detector.
  const known = '2682593f02d92d204d2ff19f9920f73b9d1c2d8184f4d1bf41026c06ce40f162'
  expect(createHash('sha256').update(found.values).digest('hex')).toBe(known)
})

function hadamard(row: number, column: number): number {
  let sign = 1
  for (let bits = row & column; bits !== 0; bits &= bits - 1) sign = -sign
  return sign
}
