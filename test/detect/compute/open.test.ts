import { expect, test } from 'vitest'
import type { Kernels, Matrix } from '../../../src/contract/compute.ts'
import type { Log } from '../../../src/contract/plugin.ts'
import { devices, type Device, type Opened } from '../../../src/detect/compute/devices.ts'
import { openCompute } from '../../../src/detect/compute/open.ts'
import { DeviceLostError } from '../../../src/detect/compute/plan/device-lost.ts'
import { openRef } from '../../../src/detect/compute/ref/ref.ts'
import { surveyDevices } from '../../../src/detect/compute/survey.ts'
import { RefusedError } from '../../../src/runtime/errors.ts'
import { silentLog } from '../../../src/runtime/log.ts'
import { given } from '../../support/given.ts'
import { matrix, normal, randomLayer } from './matrices.ts'

const cpu = devices.filter(({ name }) => name === 'wasm' || name === 'ref')

/** `ref` under another name, with some kernels of its own. */
function device(kernels: Partial<Kernels>): Device {
  const opened: Opened = Object.assign(
    Object.create(openRefBound()) as Opened,
    { device: 'webgpu', what: 'a card' },
    kernels,
  )
  return { name: 'webgpu', automatic: true, losable: true, open: async () => opened }
}

function openRefBound(): Opened {
  const ref = openRef()
  return {
    device: 'webgpu',
    what: 'a card',
    hold: (references) => ref.hold(references),
    topK: (queries, references, k) => ref.topK(queries, references, k),
    rff: (inputs, plan, into) => ref.rff(inputs, plan, into),
    mmdPermute: (one) => ref.mmdPermute(one),
    ksPsi: (reference, current) => ref.ksPsi(reference, current),
    mlpScore: (inputs, layers) => ref.mlpScore(inputs, layers),
    mlpTrain: (samples, start, plan) => ref.mlpTrain(samples, start, plan),
    moments: (inputs) => ref.moments(inputs),
    [Symbol.asyncDispose]: () => ref[Symbol.asyncDispose](),
  }
}

const missing: Device = {
  name: 'webgpu',
  automatic: true,
  losable: true,
  open: async () => {
    throw new RefusedError('no adapter: install libvulkan1')
  },
}

test('auto takes the first device that opens', async () => {
  await using compute = await openCompute('auto', given(), [missing, ...cpu])
  expect(compute.device).toBe('wasm')
})

test('a device that was named and is not there is refused with its reason', async () => {
  await expect(openCompute('webgpu', given(), [missing, ...cpu])).rejects.toThrow(
    new RefusedError('compute device webgpu: no adapter: install libvulkan1'),
  )
})

test('a device that computes something else than ref is refused, and auto goes on', async () => {
  const off = device({
    rff: async (inputs, plan) => {
      const right = await openRef().rff(inputs, plan)
      return {
        ...right,
        values: right.values.map((value, at) => (at % 20 > 0 ? value : value > 0 ? value - 1 : value + 1)),
      }
    },
  })
  await expect(openCompute('webgpu', given(), [off, ...cpu])).rejects.toThrow(
    /a card: its self-test failed: rff differs from ref by 0.050, at most 0.03 is allowed/,
  )
  const warnings: unknown[] = []
  const log: Log = { ...silentLog, warn: (message, fields) => warnings.push([message, fields]) }
  await using compute = await openCompute('auto', { ...given(), log }, [off, ...cpu])
  expect(compute.device).toBe('wasm')
  expect(warnings).toEqual([
    [
      'a compute device failed its self-test and is not used',
      { device: 'webgpu', reason: 'rff differs from ref by 0.050, at most 0.03 is allowed' },
    ],
  ])
})

test('a device whose kernel gives zeros, NaN or nothing is refused', async () => {
  const zero = device({ mlpScore: async (inputs) => new Float32Array(inputs.rows) })
  const nan = device({ ksPsi: async () => ({ ks: new Float64Array(52).fill(NaN), psi: new Float64Array(52) }) })
  const none = device({ topK: async () => ({ k: 1, distances: new Float32Array(), indices: new Int32Array() }) })
  const dead = device({
    moments: async () => {
      throw new Error('out of memory')
    },
  })
  const two = device({
    rff: async (inputs, plan) => {
      const { values, ...right } = await openRef().rff(inputs, plan)
      return { ...right, values: values.map((value, at) => (at > 0 ? value : value > 0 ? value - 2 : value + 2)) }
    },
  })
  const untaught = device({ mlpTrain: async (_, start) => start })
  for (const one of [zero, nan, none, dead, two, untaught])
    await expect(openCompute('webgpu', given(), [one])).rejects.toThrow(RefusedError)
})

test('a device that is lost is replaced, its references held anew, and both are told', async () => {
  let lost = false
  const failing = async (): Promise<never> => {
    throw new DeviceLostError('the driver was reset')
  }
  const ref = openRef()
  const card = device({
    topK: (queries, references, k) => (lost ? failing() : ref.topK(queries, references, k)),
    moments: (inputs) => (lost ? failing() : ref.moments(inputs)),
  })
  const warnings: unknown[] = []
  const log: Log = { ...silentLog, warn: (message, fields) => warnings.push([message, fields]) }
  const world = { ...given(), log }
  await using compute = await openCompute('auto', world, [card, ...cpu])
  const references = normal(1, 30, 4)
  const held = await compute.hold(references)
  const query: Matrix = { rows: 1, columns: 4, values: references.values.slice(40, 44) }
  const before = await compute.topK(query, held, 2)
  references.values.fill(0)
  lost = true
  const [after] = await Promise.all([compute.topK(query, held, 2), compute.moments(matrix([[1], [2]]))])
  expect(after).toEqual(before)
  expect(compute.device).toBe('wasm')
  expect(warnings).toEqual([
    ['compute device lost; going on with another', { from: 'webgpu', to: 'wasm', reason: 'the driver was reset' }],
  ])
  expect(await world.metrics.values('modelward_compute_fallbacks_total')).toEqual([
    { value: 1, labels: { from: 'webgpu', to: 'wasm' } },
  ])
  await held[Symbol.asyncDispose]()
  await expect(compute.topK(query, held, 1)).rejects.toThrow('let go')
})

test('training that met the loss of its device is done anew on the next', async () => {
  const start = [randomLayer(1, 4, 4, false)]
  const [samples, plan] = [normal(2, 20, 4), { epochs: 3, batch: 8, rate: 0.01, seed: 1 }]
  let calls = 0
  const card = device({
    mlpTrain: async (...call) => {
      if (++calls > 1) throw new DeviceLostError('the driver was reset')
      return openRef().mlpTrain(...call)
    },
  })
  await using compute = await openCompute('auto', given(), [card, ...cpu])
  await using wasm = await openCompute('wasm', given())
  expect(await compute.mlpTrain(samples, start, plan)).toEqual(await wasm.mlpTrain(samples, start, plan))
  expect([compute.device, calls]).toEqual(['wasm', 2])
})

test('an error that is no loss stays an error', async () => {
  await using compute = await openCompute('auto', given(), [device({}), ...cpu])
  await using held = await compute.hold(matrix([[1, 2]]))
  await expect(compute.topK(matrix([[1, 2]]), held, 2)).rejects.toThrow(RangeError)
  expect(compute.device).toBe('webgpu')
})

test('the survey names each device with its self-test and speed, or the reason', async () => {
  const [card, wasm] = await surveyDevices(given(), [missing, ...cpu.slice(0, 1)])
  expect(card).toEqual({
    device: 'webgpu',
    usable: false,
    what: 'not usable',
    reason: 'no adapter: install libvulkan1',
  })
  expect(wasm).toMatchObject({ device: 'wasm', usable: true, differences: { topK: 0, rff: 0 } })
  expect(wasm?.what).toMatch(/^WebAssembly SIMD with/)
  expect(wasm?.speed).toBeGreaterThan(0.1)
})
