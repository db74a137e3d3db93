import { expect, test } from 'vitest'
import { fourierNumbers } from '../../../src/detect/compute/plan/plan.ts'
import { transformRow } from '../../../src/detect/compute/plan/fourier.ts'
import { openRef } from '../../../src/detect/compute/ref/ref.ts'
import { normal } from './matrices.ts'
import { deviceSuite } from './suite.ts'

deviceSuite('ref', async () => openRef())

const plan = { columns: 100, features: 512, bandwidths: [4, 8], seed: 7 }

test('random features are what dense float64 matrices of signs and Hadamard give', () => {
  const inputs = normal(1, 1, 100)
  const features = new Float32Array(512)
  transformRow(plan, inputs.values, features)
  const { signs, phases } = fourierNumbers(plan)
  for (let block = 0; block < 4; block++) {
    let values = Array.from({ length: 128 }, (_, at) => inputs.values[at] ?? 0)
    for (let round = 0; round < 3; round++) {
      const signed = values.map((value, at) => value * (signs[(block * 3 + round) * 128 + at] ?? NaN))
      values = signed.map((_, row) => signed.reduce((sum, value, at) => sum + value * hadamard(row, at), 0))
    }
    const bandwidth = block % 2 === 0 ? 4 : 8
    values.forEach((value, at) => {
      const feature = block * 128 + at
      const angle = value / (128 * bandwidth) + 2 * Math.PI * (phases[feature] ?? NaN)
      expect(features[feature]).toBeCloseTo(Math.cos(angle), 5)
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
    expect((2 * product) / wide.features).toBeCloseTo(kernel, 1)
    expect(Math.abs((2 * product) / wide.features - kernel)).toBeLessThan(0.02)
  }
})

test('a row alone is bit for bit the row of ref', async () => {
  const inputs = normal(3, 3, 100)
  const together = await openRef().rff(inputs, plan)
  const alone = new Float32Array(512)
  transformRow(plan, inputs.values.subarray(200), alone)
  expect([...alone]).toEqual([...together.values.subarray(1024)])
  expect(() => transformRow(plan, inputs.values, alone)).toThrow(RangeError)
  expect(() => transformRow(plan, new Float32Array(100).fill(NaN), alone)).toThrow('not a finite number')
})

function hadamard(row: number, column: number): number {
  let sign = 1
  for (let bits = row & column; bits !== 0; bits &= bits - 1) sign = -sign
  return sign
}
