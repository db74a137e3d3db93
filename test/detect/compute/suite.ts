import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FourierPlan, Kernels, Layer, Matrix, TrainPlan } from '../../../src/contract/compute.ts'
import * as differences from '../../../src/detect/compute/plan/differences.ts'
import { openRef } from '../../../src/detect/compute/ref/ref.ts'
import { fourier } from './fourier-suite.ts'
import { matrix, normal, randomLayer } from './matrices.ts'
import { training } from './training-suite.ts'

const TOLERANCES = differences.TOLERANCES

/** What every device must do; `open` is called once. */
export function deviceSuite(name: string, open: () => Promise<Kernels>): void {
  describe(`device ${name}`, () => {
    const ref = openRef()
    let device: Kernels
    beforeAll(async () => {
      device = await open()
    }, 120_000)
    afterAll(() => device?.[Symbol.asyncDispose]())
    neighbours(() => device, ref)
    fourier(() => device, ref)
    permutation(() => device, ref)
    columns(() => device, ref)
    networks(() => device, ref)
    training(() => device, ref)
    moments(() => device, ref)
    refusals(() => device)
  })
}

type Device = () => Kernels

async function sameNeighbours(device: Kernels, ref: Kernels, queries: Matrix, references: Matrix, k: number) {
  await using held = await device.hold(references)
  await using expected = await ref.hold(references)
  const got = await device.topK(queries, held, k)
  const right = await ref.topK(queries, expected, k)
  expect(differences.topKDifference(got, right, queries, references)).toBeLessThanOrEqual(TOLERANCES.topK)
  return got
}

function neighbours(device: Device, ref: Kernels): void {
  test.each([
    [1, 1, 1, 1],
    [1, 300, 772, 10],
    [37, 101, 77, 5],
    [6, 64, 16, 64],
    [7, 9, 3, 9],
  ])('finds for %i queries in %i references of %i columns the nearest %i', async (rows, references, columns, k) => {
    await sameNeighbours(device(), ref, normal(1, rows, columns), normal(2, references, columns), k)
  })

  test('measures 3-4-5 triangles', async () => {
    await using held = await device().hold(
      matrix([
        [3, 4],
        [0, 0],
        [6, 8],
      ]),
    )
    const found = await device().topK(matrix([[0, 0]]), held, 3)
    expect([...found.indices]).toEqual([1, 0, 2])
    expect([...found.distances]).toEqual([0, 5, 10])
  })

  test('an exact copy is at distance 0, also among near ones and far from the origin', async () => {
    const references = normal(3, 90, 40)
    for (let at = 0; at < references.values.length; at++)
      references.values[at] = 500 + (references.values[at] ?? 0) / 1e3
    const copies = { rows: 30, columns: 40, values: references.values.slice(1200, 2400) }
    const found = await sameNeighbours(device(), ref, copies, references, 1)
    expect([...found.indices]).toEqual(Array.from({ length: 30 }, (_, row) => 30 + row))
    expect([...found.distances]).toEqual(Array.from({ length: 30 }, () => 0))
  })

  test('of equal distances it takes the lower row', async () => {
    await using held = await device().hold(
      matrix([
        [1, 0],
        [0, 1],
        [5, 5],
        [0, 1],
        [-1, 0],
        [0, 0],
        [0, 0],
      ]),
    )
    const found = await device().topK(
      matrix([
        [0, 0],
        [5, 5],
      ]),
      held,
      6,
    )
    expect([...found.indices.subarray(0, 6)]).toEqual([5, 6, 0, 1, 3, 4])
    expect([...found.indices.subarray(6)]).toEqual([2, 0, 1, 3, 5, 6])
  })

  test('a hundred equal references cost no order', async () => {
    await using held = await device().hold({ rows: 100, columns: 33, values: new Float32Array(3300).fill(0.1) })
    const found = await device().topK({ rows: 2, columns: 33, values: new Float32Array(66).fill(0.1) }, held, 12)
    expect([...found.indices.subarray(12)]).toEqual(Array.from({ length: 12 }, (_, row) => row))
    expect(found.distances.every((distance) => distance === 0)).toBe(true)
  })

  test.each([1e6, 1e-6])('scales of %d are not lost', async (scale) => {
    const [queries, references] = [normal(4, 9, 24, scale), normal(5, 50, 24, scale)]
    await sameNeighbours(device(), ref, queries, references, 4)
  })

  test('a query alone gets what it gets in a batch', async () => {
    const [queries, references] = [normal(6, 19, 50), normal(7, 120, 50)]
    await using held = await device().hold(references)
    const together = await device().topK(queries, held, 3)
    for (let row = 0; row < queries.rows; row += 6) {
      const alone = await device().topK(
        { rows: 1, columns: 50, values: queries.values.slice(row * 50, (row + 1) * 50) },
        held,
        3,
      )
      expect([...alone.distances]).toEqual([...together.distances.subarray(row * 3, row * 3 + 3)])
      expect([...alone.indices]).toEqual([...together.indices.subarray(row * 3, row * 3 + 3)])
    }
  })

  test('what is held does not follow its matrix', async () => {
    const references = matrix([
      [1, 1],
      [2, 2],
    ])
    await using held = await device().hold(references)
    references.values.fill(9)
    expect((await device().topK(matrix([[2, 2]]), held, 1)).distances[0]).toBe(0)
  })
}

function permutation(device: Device, ref: Kernels): void {
  test('a maximum mean discrepancy that a person can compute', async () => {
    // Two points at 0 and 0 against 1 and 1 on a line, bandwidth 1: 1 + 1 - 2 exp(-1/2).
    const test4 = { pooled: matrix([[0], [0], [1], [1]]), first: 2, permutations: 200, bandwidths: [1], seed: 3 }
    const found = await device().mmdPermute(test4)
    expect(found.statistic).toBeCloseTo(2 - 2 * Math.exp(-0.5), 5)
    // Of the six ways to choose two of four, two give the largest statistic; ties count.
    expect(found.p).toBe((await ref.mmdPermute(test4)).p)
    expect(found.p).toBeGreaterThan(0.2)
    expect(found.p).toBeLessThan(0.5)
  })

  test.each([
    [50, 20, 17, 60],
    [90, 45, 772, 33],
    [13, 2, 1, 100],
  ])(
    'of %i rows, the first %i, %i columns: %i relabellings as ref has them',
    async (rows, first, columns, permutations) => {
      const pooled = normal(13, rows, columns)
      const permutationTest = { pooled, first, permutations, bandwidths: [Math.sqrt(columns), 3], seed: 5 }
      const [got, right] = [await device().mmdPermute(permutationTest), await ref.mmdPermute(permutationTest)]
      expect(got.permuted).toHaveLength(permutations)
      expect(differences.mmdDifference(got, right)).toBeLessThanOrEqual(TOLERANCES.mmdPermute)
    },
  )

  test('a sample from elsewhere is told from the first', async () => {
    const pooled = normal(14, 80, 10)
    for (let at = 400; at < 800; at++) pooled.values[at] = (pooled.values[at] ?? 0) + 1
    const found = await device().mmdPermute({ pooled, first: 40, permutations: 99, bandwidths: [4], seed: 6 })
    expect(found.p).toBe(0.01)
  })
}

function columns(device: Device, ref: Kernels): void {
  test('Kolmogorov-Smirnov distances that SciPy 1.17 gives', async () => {
    // scipy.stats.ks_2samp of the columns: apart, shifted by two of four, nearly equal, ties, one value.
    await using held = await device().hold(
      matrix([
        [1, 1, 1, 1, 7],
        [2, 2, 2, 1, 7],
        [3, 3, 3, 2, 7],
        [4, 4, 4, 2, 7],
      ]),
    )
    const found = await device().ksPsi(
      held,
      matrix([
        [5, 3, 1, 1, 7],
        [6, 4, 2, 2, 7],
        [7, 5, 3, 2, 7],
        [8, 6, 4, 2, 7],
        [9, 6, 4, 3, 8],
      ]),
    )
    ;[1, 0.6, 0.15, 0.3, 0.2].forEach((distance, column) => expect(found.ks[column]).toBeCloseTo(distance, 6))
  })

  test('a population stability index that a person can compute', async () => {
    // Ten references are their own deciles; of ten currents nine lie in the first bin and one in the last.
    const references = Array.from({ length: 10 }, (_, row) => [row])
    await using held = await device().hold(matrix(references))
    const found = await device().ksPsi(held, matrix([...Array.from({ length: 9 }, () => [-1]), [99]]))
    const empty = 8 * (1e-4 - 0.1) * Math.log(1e-4 / 0.1)
    expect(found.psi[0]).toBeCloseTo((0.9 - 0.1) * Math.log(9) + empty, 5)
    expect(found.ks[0]).toBeCloseTo(0.9, 6)
  })

  test.each([
    [100, 57, 20, 0],
    [1, 1, 3, 0],
    [33, 300, 772, 0],
    [200, 150, 17, 3],
  ])('%i held and %i current rows of %i columns, rounded to %i steps', async (held, current, width, steps) => {
    const stepped = (one: Matrix): Matrix =>
      steps === 0 ? one : { ...one, values: one.values.map((value) => Math.round(value * steps) / steps) }
    const [references, now] = [stepped(normal(15, held, width)), stepped(normal(16, current, width))]
    await using mine = await device().hold(references)
    await using right = await ref.hold(references)
    expect(
      differences.ksPsiDifference(await device().ksPsi(mine, now), await ref.ksPsi(right, now)),
    ).toBeLessThanOrEqual(TOLERANCES.ksPsi)
  })

  test('zero of either sign is one value', async () => {
    await using held = await device().hold(matrix([[0], [-0], [1]]))
    expect((await device().ksPsi(held, matrix([[-0], [0], [1]]))).ks[0]).toBeCloseTo(0, 6)
  })
}

function networks(device: Device, ref: Kernels): void {
  test('a network that a person can compute', async () => {
    // (3, -2) -> relu(3, -2) + bias (1, 0) = (4, 0) -> squared error 1 + 4.
    const identity: Layer = {
      inputs: 2,
      outputs: 2,
      weights: Float32Array.of(1, 0, 0, 1),
      bias: Float32Array.of(1, 0),
      activation: 'relu',
    }
    expect([...(await device().mlpScore(matrix([[3, -2]]), [identity]))]).toEqual([5])
  })

  test.each([
    [1, [772, 30, 772]],
    [19, [33, 8, 2, 8, 33]],
    [50, [64, 64]],
  ])('%i rows through layers of %j', async (rows, widths) => {
    const layers = widths
      .slice(1)
      .map((outputs, index) => randomLayer(20 + index, widths[index] ?? 0, outputs, index + 2 < widths.length))
    const inputs = normal(17, rows, widths[0] ?? 0)
    const [got, right] = [await device().mlpScore(inputs, layers), await ref.mlpScore(inputs, layers)]
    expect(differences.mlpDifference(got, right)).toBeLessThanOrEqual(TOLERANCES.mlpScore)
    const lone = await device().mlpScore(
      { rows: 1, columns: inputs.columns, values: inputs.values.slice(-inputs.columns) },
      layers,
    )
    expect(lone[0]).toBe(got[rows - 1])
  })
}

function moments(device: Device, ref: Kernels): void {
  test('a mean and a covariance that a person can compute', async () => {
    const found = await device().moments(
      matrix([
        [1, 2],
        [3, 6],
        [5, 4],
      ]),
    )
    ;[3, 4].forEach((mean, column) => expect(found.mean[column]).toBeCloseTo(mean, 6))
    ;[4, 2, 2, 4].forEach((covariance, at) => expect(found.covariance[at]).toBeCloseTo(covariance, 5))
  })

  test.each([
    [2, 3, 0],
    [300, 45, 0],
    [70, 130, 1000],
  ])('%i rows of %i columns around %i', async (rows, width, offset) => {
    const inputs = normal(18, rows, width)
    for (let at = 0; at < inputs.values.length; at++) inputs.values[at] = (inputs.values[at] ?? 0) + offset
    const [got, right] = [await device().moments(inputs), await ref.moments(inputs)]
    expect(differences.momentsDifference(got, right)).toBeLessThanOrEqual(TOLERANCES.moments)
  })
}

function refusals(device: Device): void {
  test('what does not fit is refused with RangeError', async () => {
    const kernels = device()
    const two = matrix([
      [1, 2],
      [3, 4],
    ])
    await using held = await kernels.hold(two)
    const plan: FourierPlan = { columns: 2, features: 4, bandwidths: [1], seed: 1 }
    const pooled = normal(19, 6, 2)
    const wide: Layer = {
      inputs: 2,
      outputs: 3,
      weights: new Float32Array(6),
      bias: new Float32Array(3),
      activation: 'linear',
    }
    const square: Layer = { ...wide, outputs: 2, weights: new Float32Array(4), bias: new Float32Array(2) }
    const lessons: TrainPlan = { epochs: 1, batch: 1, rate: 0.1, seed: 1 }
    const refused = [
      () => kernels.topK(two, held, 0),
      () => kernels.topK(two, held, 3),
      () => kernels.topK(two, held, 1.5),
      () => kernels.topK(matrix([[1, 2, 3]]), held, 1),
      () => kernels.topK(matrix([[NaN, 1]]), held, 1),
      () => kernels.topK(matrix([[1, Infinity]]), held, 1),
      () => kernels.hold({ rows: 2, columns: 2, values: new Float32Array(3) }),
      () => kernels.hold({ rows: 0, columns: 2, values: new Float32Array(0) }),
      () => kernels.hold(matrix([[1, NaN]])),
      () => kernels.rff(two, { ...plan, columns: 3, features: 4 }),
      () => kernels.rff(two, { ...plan, features: 3 }),
      () => kernels.rff(two, { ...plan, bandwidths: [] }),
      () => kernels.rff(two, { ...plan, bandwidths: [0] }),
      () => kernels.rff(matrix([[NaN, 1]]), plan),
      () => kernels.rff(two, { ...plan, bandwidths: [1e-10] }),
      () => kernels.rff(matrix([[2 ** 64, 1]]), plan),
      () => kernels.rff(two, plan, new Int8Array(9)),
      () => kernels.mmdPermute({ pooled, first: 1, permutations: 9, bandwidths: [1], seed: 1 }),
      () => kernels.mmdPermute({ pooled, first: 5, permutations: 9, bandwidths: [1], seed: 1 }),
      () => kernels.mmdPermute({ pooled, first: 3, permutations: 0, bandwidths: [1], seed: 1 }),
      () => kernels.ksPsi(held, matrix([[1]])),
      () => kernels.ksPsi(held, matrix([[-Infinity, 0]])),
      () => kernels.mlpScore(two, []),
      () => kernels.mlpScore(two, [wide]),
      () => kernels.mlpScore(matrix([[NaN, 0]]), [square]),
      () => kernels.mlpTrain(two, [wide], lessons),
      () => kernels.mlpTrain(matrix([[NaN, 0]]), [square], lessons),
      ...[{ epochs: 0 }, { epochs: 1e5 }, { batch: 1.5 }, { batch: 5000 }, { rate: 0 }, { rate: NaN }, { rate: 2 }].map(
        (wrong) => () => kernels.mlpTrain(two, [square], { ...lessons, ...wrong }),
      ),
      () => kernels.moments(matrix([[1, 2]])),
      () =>
        kernels.moments(
          matrix([
            [1, 2],
            [NaN, 3],
          ]),
        ),
    ]
    for (const call of refused) await expect(call(), call.toString()).rejects.toThrow(RangeError)
  })

  test('references that are let go during a call serve it to its end', async () => {
    const held = await device().hold(normal(20, 300, 8))
    const call = device().topK(normal(21, 9, 8), held, 3)
    await held[Symbol.asyncDispose]()
    await using again = await device().hold(normal(20, 300, 8))
    expect(await call).toEqual(await device().topK(normal(21, 9, 8), again, 3))
  })

  test('references that were let go are refused', async () => {
    const held = await device().hold(matrix([[1, 2]]))
    await held[Symbol.asyncDispose]()
    await held[Symbol.asyncDispose]()
    await expect(device().topK(matrix([[1, 2]]), held, 1)).rejects.toThrow(RangeError)
  })
}
