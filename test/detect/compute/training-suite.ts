import { expect, test } from 'vitest'
import type { Kernels, Layer, Matrix, TrainPlan } from '../../../src/contract/compute.ts'
import * as differences from '../../../src/detect/compute/plan/differences.ts'
import { matrix, normal, randomLayer } from './matrices.ts'

/** Of networks that learn to copy; the widths begin and end with that of the samples. */
export function training(device: () => Kernels, ref: Kernels): void {
  const network = (widths: readonly number[]): readonly Layer[] =>
    widths
      .slice(1)
      .map((outputs, index) => randomLayer(30 + index, widths[index] ?? 0, outputs, index + 2 < widths.length))
  const trained = async (
    kernels: Kernels,
    samples: Matrix,
    start: readonly Layer[],
    plan: TrainPlan,
  ): Promise<differences.Trained> => {
    const layers = await kernels.mlpTrain(samples, start, plan)
    return { layers, errors: await ref.mlpScore(samples, layers) }
  }

  test('the first step that a person can compute', async () => {
    // 2 · 1 + 0 is above 1, so both the weight and the bias go down: by Adam's first step, which is the rate.
    const start: readonly Layer[] = [
      { inputs: 1, outputs: 1, weights: Float32Array.of(2), bias: Float32Array.of(0), activation: 'linear' },
    ]
    const plan: TrainPlan = { epochs: 1, batch: 8, rate: 0.125, seed: 1 }
    const [layer] = await device().mlpTrain(matrix([[1]]), start, plan)
    expect(layer?.weights[0]).toBeCloseTo(1.875, 6)
    expect(layer?.bias[0]).toBeCloseTo(-0.125, 6)
    expect([start[0]?.weights[0], start[0]?.bias[0]]).toEqual([2, 0])
  })

  test.each<[number, readonly number[], number]>([
    [70, [33, 8, 2, 8, 33], 16],
    [9, [130, 30, 130], 4],
    [40, [16, 16], 64],
    [5, [1, 3, 1], 1],
  ])(
    'after an epoch %i rows have taught layers of %j in batches of %i what they teach ref',
    async (rows, widths, batch) => {
      const samples = normal(31, rows, widths[0] ?? 0)
      const plan: TrainPlan = { epochs: 1, batch, rate: 0.01, seed: 5 }
      const [got, right] = [
        await trained(device(), samples, network(widths), plan),
        await trained(ref, samples, network(widths), plan),
      ]
      expect(got.layers.map(({ inputs, outputs, activation }) => [inputs, outputs, activation])).toEqual(
        network(widths).map(({ inputs, outputs, activation }) => [inputs, outputs, activation]),
      )
      expect(differences.trainDifference(got, right)).toBeLessThanOrEqual(differences.TOLERANCES.mlpTrain)
    },
  )

  test('after many epochs the error is that of ref, a fraction of that before, and the same again', async () => {
    const [samples, start] = [normal(32, 64, 12), network([12, 10, 12])]
    const plan: TrainPlan = { epochs: 40, batch: 8, rate: 0.01, seed: 6 }
    const [got, right] = [await trained(device(), samples, start, plan), await trained(ref, samples, start, plan)]
    expect(differences.lossDifference(got, right)).toBeLessThanOrEqual(differences.TOLERANCES.mlpTrain)
    const before = await ref.mlpScore(samples, start)
    const sum = (errors: Float32Array): number => errors.reduce((total, error) => total + error, 0)
    expect(sum(got.errors)).toBeLessThan(0.4 * sum(before))
    expect(await device().mlpTrain(samples, start, plan)).toEqual(got.layers)
    const other = await device().mlpTrain(samples, start, { ...plan, seed: 7 })
    expect(other[0]?.weights).not.toEqual(got.layers[0]?.weights)
  })

  test('numbers beyond single precision are refused, not trained on', async () => {
    const plan: TrainPlan = { epochs: 2, batch: 2, rate: 0.01, seed: 6 }
    const samples = normal(33, 8, 4, 1e30)
    await expect(device().mlpTrain(samples, network([4, 3, 4]), plan)).rejects.toThrow(RangeError)
  })
}
