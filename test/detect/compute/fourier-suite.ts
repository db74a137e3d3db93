import { expect, test } from 'vitest'
import type { FourierPlan, Kernels } from '../../../src/contract/compute.ts'
import { rffDifference, TOLERANCES } from '../../../src/detect/compute/plan/differences.ts'
import { normal } from './matrices.ts'

/** What every device must do with random Fourier features. */
export function fourier(device: () => Kernels, ref: Kernels): void {
  test.each<[number, number, readonly number[]]>([
    [512, 2048, [10, 20]],
    [100, 512, [4]],
    [772, 1024, [15]],
    [5, 24, [1, 2, 4]],
    [1, 3, [1]],
  ])('makes of %i columns %i features', async (columns, features, bandwidths) => {
    const plan: FourierPlan = { columns, features, bandwidths, seed: 11 }
    const inputs = normal(8, 5, columns)
    const [got, right] = [await device().rff(inputs, plan), await ref.rff(inputs, plan)]
    expect([got.rows, got.columns]).toEqual([5, features])
    expect(rffDifference(got, right)).toBeLessThanOrEqual(TOLERANCES.rff)
  })

  test.each([
    [1, 0.5, -127],
    [1e-30, 1e30, -127],
    // So many turns are whole ones in single precision, but they are numbers.
    [1e18, 2 ** -32, 127],
  ])(
    'features of inputs about %d at a bandwidth of %d go down to %i and up to 127',
    async (scale, bandwidth, least) => {
      const plan: FourierPlan = { columns: 100, features: 512, bandwidths: [bandwidth], seed: 13 }
      const { values } = await device().rff(normal(10, 9, 100, scale), plan)
      expect([Math.min(...values), Math.max(...values)]).toEqual([least, 127])
    },
  )

  test('a row alone has the features that it has in a batch', async () => {
    const plan: FourierPlan = { columns: 60, features: 256, bandwidths: [5], seed: 12 }
    const inputs = normal(9, 7, 60)
    const together = await device().rff(inputs, plan)
    const alone = await device().rff({ rows: 1, columns: 60, values: inputs.values.slice(180, 240) }, plan)
    expect([...alone.values]).toEqual([...together.values.subarray(3 * 256, 4 * 256)])
  })

  test('features go into the room that is given', async () => {
    const plan: FourierPlan = { columns: 60, features: 256, bandwidths: [5], seed: 12 }
    const [inputs, into] = [normal(9, 7, 60), new Int8Array(7 * 256).fill(-128)]
    const found = await device().rff(inputs, plan, into)
    expect(found.values).toBe(into)
    expect(found).toEqual(await device().rff(inputs, plan))
  })
}
