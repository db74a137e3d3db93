import { expect, test } from 'vitest'
import type { Features, Matrix } from '../../../src/contract/compute.ts'
import { transformRow } from '../../../src/detect/compute/plan/fourier.ts'
import { openRef } from '../../../src/detect/compute/ref/ref.ts'
import { openWasm } from '../../../src/detect/compute/wasm/wasm.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { given } from '../../support/given.ts'
import { matrix, normal, randomLayer } from './matrices.ts'
import { deviceSuite } from './suite.ts'

deviceSuite('wasm', () => openWasm(given(), { threads: 0 }))
deviceSuite('wasm without relaxed SIMD', () => openWasm(given(), { threads: 0, fused: false }))

async function nearest(queries: Matrix, references: Matrix, k: number, options: Parameters<typeof openWasm>[1]) {
  await using device = await openWasm(given(), options)
  await using held = await device.hold(references)
  return device.topK(queries, held, k)
}

test('neighbours and distances are those of ref to the last bit, however the work is cut', async () => {
  const [queries, references] = [normal(1, 40, 30), normal(2, 1000, 30)]
  for (let row = 500; row < 600; row++) references.values.copyWithin(row * 30, (row - 500) * 30, (row - 499) * 30)
  await using held = await openRef().hold(references)
  const right = await openRef().topK(queries, held, 20)
  const inline = await nearest(queries, references, 20, { threads: 0 })
  const shards = await nearest(queries, references, 20, { threads: 0, shardBytes: 10_000 })
  const plain = await nearest(queries, references, 20, { threads: 0, fused: false })
  for (const found of [inline, shards, plain]) expect(found).toEqual(right)
})

test('near copies, ties, offsets and odd shapes: neighbours and columns are those of ref to the last bit', async () => {
  for (let seed = 0; seed < 60; seed++) {
    const { queries, references, k } = awkward(seed)
    await using device = await openWasm(given(), {
      threads: 0,
      fused: seed % 2 === 0,
      ...(seed % 5 === 0 && { shardBytes: 3000 }),
    })
    await using held = await device.hold(references)
    await using right = await openRef().hold(references)
    expect(await device.topK(queries, held, k), `seed ${seed}`).toEqual(await openRef().topK(queries, right, k))
    expect(await device.ksPsi(held, queries), `seed ${seed}`).toEqual(await openRef().ksPsi(right, queries))
  }
})

/** Values around 0, 1, 1,000 or a million, spread by 1e-4 to 10, some in steps; every other query a copy or nearly one. */
function awkward(seed: number): { readonly queries: Matrix; readonly references: Matrix; readonly k: number } {
  const random = seededRandom(seed)
  const below = (most: number): number => 1 + Math.floor(random.next() * most)
  const columns = below(70)
  const [offset, step] = [[0, 1, 1000, 1e6][seed % 4] ?? 0, [0, 0.5, 1e-3][seed % 3] ?? 0]
  const scale = 10 ** (below(6) - 5)
  const draw = (): number => {
    const value = offset + scale * (random.next() - 0.5)
    return step === 0 ? value : Math.round(value / step) * step
  }
  const make = (rows: number): Matrix => ({
    rows,
    columns,
    values: Float32Array.from({ length: rows * columns }, draw),
  })
  const [references, queries] = [make(below(300)), make(below(15))]
  for (let row = 0; row < queries.rows; row += 2) {
    const from = (below(references.rows) - 1) * columns
    queries.values.set(references.values.subarray(from, from + columns), row * columns)
    if (row % 4 === 0) queries.values[row * columns] = (queries.values[row * columns] ?? 0) * (1 + 1e-7)
  }
  return { queries, references, k: below(Math.min(references.rows, 64)) }
}

test.each([1e-25, 1e-18, 1e15, 3e18])('values about %d neither vanish nor overflow', async (scale) => {
  const [queries, references] = [normal(3, 5, 8, scale), normal(4, 60, 8, scale)]
  await using held = await openRef().hold(references)
  expect(await nearest(queries, references, 3, { threads: 0 })).toEqual(await openRef().topK(queries, held, 3))
})

test.each([8, 16, 40, 64, 100, 200, 512, 700, 2000])(
  'features of %i columns are those of ref to the last bit',
  async (columns) => {
    await using device = await openWasm(given(), { threads: 0 })
    const width = 2 ** Math.ceil(Math.log2(columns))
    const plan = { columns, features: 3 * width, bandwidths: [2, 5], seed: 4 }
    const inputs = normal(5, 3, columns, 30)
    const { values } = await device.rff(inputs, plan)
    const right = await openRef().rff(inputs, plan)
    expect(values.every((value, at) => value === right.values[at])).toBe(true)
    const alone = new Int8Array(plan.features)
    transformRow(plan, inputs.values.subarray(0, columns), alone)
    expect(alone.every((value, at) => value === values[at])).toBe(true)
  },
)

test('a million features are rounded as ref rounds them, also those next to a half', async () => {
  // Rounding 127 c in single precision would put two of these on the wrong side of a half.
  const plan = { columns: 32, features: 4096, bandwidths: [1, 2], seed: 8 }
  const inputs = normal(15, 250, 32)
  const right = await openRef().rff(inputs, plan)
  for (const fused of [true, false]) {
    await using device = await openWasm(given(), { threads: 0, fused })
    expect(differing(await device.rff(inputs, plan), right)).toBe(0)
  }
})

test('large calls on threads give what one thread gives', async () => {
  await using threads = await openWasm(given(), { threads: 2 })
  await using inline = await openWasm(given(), { threads: 0 })
  const [queries, references] = [normal(6, 170, 192), normal(7, 4500, 192)]
  await using held = await threads.hold(references)
  await using same = await inline.hold(references)
  expect(await threads.topK(queries, held, 3)).toEqual(await inline.topK(queries, same, 3))
  const pooled = { pooled: normal(8, 700, 64), first: 250, permutations: 700, bandwidths: [9], seed: 1 }
  expect(await threads.mmdPermute(pooled)).toEqual(await inline.mmdPermute(pooled))
  const [moments, right] = [await threads.moments(references), await inline.moments(references)]
  expect(moments.covariance.every((value, at) => value === right.covariance[at])).toBe(true)
  const [inputs, fourier] = [normal(16, 700, 300), { columns: 300, features: 1536, bandwidths: [9, 18], seed: 2 }]
  expect(differing(await threads.rff(inputs, fourier), await inline.rff(inputs, fourier))).toBe(0)
  const start = [randomLayer(12, 64, 32, true), randomLayer(13, 32, 64, false)]
  const [lessons, plan] = [normal(14, 2000, 64), { epochs: 6, batch: 32, rate: 0.01, seed: 1 }]
  expect(await threads.mlpTrain(lessons, start, plan)).toEqual(await inline.mlpTrain(lessons, start, plan))
})

test('what calls and references took is given back', async () => {
  await using device = await openWasm(given(), { threads: 0 })
  const held = await device.hold(normal(9, 200, 20))
  const kept = device.used
  await device.topK(normal(10, 30, 20), held, 2)
  await device.moments(normal(10, 30, 20))
  await device.rff(normal(10, 30, 20), { columns: 20, features: 64, bandwidths: [1], seed: 1 })
  const start = [randomLayer(12, 20, 20, false)]
  await device.mlpTrain(normal(10, 30, 20), start, { epochs: 1, batch: 4, rate: 0.1, seed: 1 })
  expect(device.used).toBe(kept)
  await device.ksPsi(held, normal(11, 10, 20))
  expect(device.used).toBeGreaterThan(kept)
  await held[Symbol.asyncDispose]()
  expect(device.used).toBe(0)
})

test('of small samples all ways to part them are seen, ties and all', async () => {
  await using device = await openWasm(given(), { threads: 0 })
  const pooled = {
    pooled: matrix([[0], [1], [3], [7], [8], [20]]),
    first: 3,
    permutations: 500,
    bandwidths: [2],
    seed: 2,
  }
  const [found, right] = [await device.mmdPermute(pooled), await openRef().mmdPermute(pooled)]
  expect(found.p).toBe(right.p)
  expect(new Set(found.permuted).size).toBeLessThanOrEqual(10)
})

function differing(one: Features, other: Features): number {
  return one.values.reduce((count, value, at) => count + Number(value !== other.values[at]), 0)
}
