import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Device } from '../../src/detect/compute/webgpu/device.ts'
import { MERGE } from '../../src/detect/compute/webgpu/top-k-wgsl.ts'
import { openWebgpu, WebgpuKernels } from '../../src/detect/compute/webgpu/webgpu.ts'
import { DeviceLostError } from '../../src/detect/compute/plan/device-lost.ts'
import * as differences from '../../src/detect/compute/plan/differences.ts'
import { openRef } from '../../src/detect/compute/ref/ref.ts'
import { RefusedError } from '../../src/runtime/errors.ts'
import { normal, randomLayer } from '../detect/compute/matrices.ts'
import { deviceSuite } from '../detect/compute/suite.ts'
import { given } from '../support/given.ts'

/** The Vulkan driver in software that Debian's chromium brings; libvulkan1 finds it by this variable. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'
const software = { allowFallbackAdapter: true } as const

/** Why no software adapter can be had here, or undefined. In CI that is an error instead. */
async function noAdapter(): Promise<string | undefined> {
  if (existsSync(SWIFTSHADER)) process.env['VK_ICD_FILENAMES'] = SWIFTSHADER
  try {
    await using _ = await openWebgpu(given(), software)
    return undefined
  } catch (error) {
    if (process.env['CI'] || !(error instanceof RefusedError)) throw error
    return error.message
  }
}

const missing = await noAdapter()

describe.skipIf(missing !== undefined)(`WebGPU in software${missing === undefined ? '' : `: ${missing}`}`, () => {
  deviceSuite('webgpu', () => openWebgpu(given(), software))

  refusals()
  shards()
  losses()

  test('the tiles of large GPUs give the same', async () => {
    await using kernels = await openWebgpu(given(), { ...software, tile: 128 })
    const [queries, references] = [normal(1, 150, 33), normal(2, 290, 33)]
    await using held = await kernels.hold(references)
    await using expected = await openRef().hold(references)
    const right = await openRef().topK(queries, expected, 7)
    expect(
      differences.topKDifference(await kernels.topK(queries, held, 7), right, queries, references),
    ).toBeLessThanOrEqual(differences.TOLERANCES.topK)
    const layers = [
      { inputs: 33, outputs: 140, weights: normal(3, 140, 33, 0.2).values, bias: normal(4, 1, 140).values },
      { inputs: 140, outputs: 33, weights: normal(5, 33, 140, 0.1).values, bias: normal(6, 1, 33).values },
    ].map((layer) => ({ ...layer, activation: 'relu' as const }))
    const scores = await kernels.mlpScore(queries, layers)
    expect(differences.mlpDifference(scores, await openRef().mlpScore(queries, layers))).toBeLessThanOrEqual(
      differences.TOLERANCES.mlpScore,
    )
  })

  test('calls that overlap do not take each other’s errors or buffers', async () => {
    await using kernels = await openWebgpu(given(), software)
    await using held = await kernels.hold(normal(7, 70, 5))
    const inputs = Array.from({ length: 6 }, (_, at) => normal(8 + at, 9, 5))
    const alone = []
    for (const input of inputs) alone.push((await kernels.topK(input, held, 2)).distances)
    const together = await Promise.all(inputs.map((input) => kernels.topK(input, held, 2)))
    expect(together.map(({ distances }) => distances)).toEqual(alone)
  })

  test('a closed device does not keep the process alive', () => {
    const script = `
      import { openWebgpu } from '${join(import.meta.dirname, '../../src/detect/compute/webgpu/webgpu.ts')}'
      const kernels = await openWebgpu({ log: { info() {} } }, { allowFallbackAdapter: true })
      await kernels.moments({ rows: 2, columns: 1, values: Float32Array.of(1, 3) }).then(({ mean }) => console.log(mean[0]))
      await kernels[Symbol.asyncDispose]()`
    const options = { encoding: 'utf8', timeout: 60_000 } as const
    expect(execFileSync(process.execPath, ['--input-type=module', '-e', script], options).trim()).toBe('2')
  })
})

function refusals(): void {
  test('an adapter in software is refused unless it is allowed', async () => {
    await expect(openWebgpu(given())).rejects.toThrow(RefusedError)
    await expect(openWebgpu(given())).rejects.toThrow('computes in software')
  })

  test('without a driver the refusal says what to install', () => {
    const script = `
      import { openWebgpu } from '${join(import.meta.dirname, '../../src/detect/compute/webgpu/webgpu.ts')}'
      await openWebgpu({ log: { info() {} } }).catch((error) => console.log(error.code, error.message))`
    const env = { ...process.env, VK_ICD_FILENAMES: '/nowhere.json', VK_DRIVER_FILES: '/nowhere.json' }
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 60_000,
      stdio: ['ignore', 'pipe', 'ignore'],
      env,
    })
    expect(said).toMatch(/^MW_REFUSED .*libvulkan1.*NVIDIA_DRIVER_CAPABILITIES/)
  })
}

function shards(): void {
  test('what is larger than one binding is cut, and the results are the same', async () => {
    const [queries, references] = [normal(20, 50, 16), normal(21, 500, 16)]
    const pooled = normal(22, 200, 16)
    const now = normal(23, 400, 16)
    const permutation = { pooled, first: 90, permutations: 80, bandwidths: [4, 6], seed: 3 }
    const ref = openRef()
    // 128 rows of 16 columns in a binding.
    await using cut = await openWebgpu(given(), { ...software, maxBindingBytes: 8192 })
    await using held = await cut.hold(references)
    await using expected = await ref.hold(references)
    const { TOLERANCES } = differences
    const [found, right] = [await cut.topK(queries, held, 5), await ref.topK(queries, expected, 5)]
    expect(differences.topKDifference(found, right, queries, references)).toBeLessThanOrEqual(TOLERANCES.topK)
    const permuted = await cut.mmdPermute(permutation)
    const rightly = await ref.mmdPermute(permutation)
    expect(differences.mmdDifference(permuted, rightly)).toBeLessThanOrEqual(TOLERANCES.mmdPermute)
    const distances = await cut.ksPsi(held, now)
    expect(differences.ksPsiDifference(distances, await ref.ksPsi(expected, now))).toBeLessThanOrEqual(TOLERANCES.ksPsi)
    const plan = { columns: 16, features: 64, bandwidths: [4], seed: 4 }
    expect(differences.rffDifference(await cut.rff(queries, plan), await ref.rff(queries, plan))).toBeLessThanOrEqual(
      TOLERANCES.rff,
    )
  })

  test('samples larger than one binding train as others do', async () => {
    // 2,400 bytes of rows go up at once: of 40 rows in batches of 8 those of three steps, then of two.
    const start = [randomLayer(25, 20, 6, true), randomLayer(26, 6, 20, false)]
    const [samples, plan] = [normal(27, 40, 20), { epochs: 2, batch: 8, rate: 0.01, seed: 6 }]
    await using whole = await openWebgpu(given(), software)
    await using cut = await openWebgpu(given(), { ...software, maxBindingBytes: 2400 })
    expect(await cut.mlpTrain(samples, start, plan)).toEqual(await whole.mlpTrain(samples, start, plan))
    await expect(cut.mlpTrain(samples, start, { ...plan, batch: 32 })).rejects.toThrow(RangeError)
  })

  test('a row that no binding can take is refused', async () => {
    await using kernels = await openWebgpu(given(), { ...software, maxBindingBytes: 8192 })
    await expect(kernels.hold(normal(24, 2, 100))).rejects.toThrow(RangeError)
  })
}

function losses(): void {
  test('a lost device answers pending and later calls with DeviceLostError', async () => {
    const device = await Device.open(software)
    await using kernels = new WebgpuKernels(device)
    const held = await kernels.hold(normal(30, 300, 40))
    const pending = [kernels.topK(normal(31, 70, 40), held, 3), kernels.moments(normal(32, 90, 40))]
    const refused = pending.map((call) => expect(call).rejects.toThrow(DeviceLostError))
    device.alive().destroy()
    await Promise.all(refused)
    await expect(kernels.topK(normal(31, 70, 40), held, 3)).rejects.toThrow(DeviceLostError)
    await expect(kernels.hold(normal(30, 3, 40))).rejects.toThrow(DeviceLostError)
    await held[Symbol.asyncDispose]()
  })

  test('a device lost while it trains gives no layers', async () => {
    const start = [randomLayer(36, 30, 8, true), randomLayer(37, 8, 30, false)]
    const plan = { epochs: 500, batch: 4, rate: 0.01, seed: 6 }
    const device = await Device.open(software)
    await using kernels = new WebgpuKernels(device)
    await kernels.mlpTrain(normal(38, 64, 30), start, { ...plan, epochs: 1 })
    const training = kernels.mlpTrain(normal(38, 64, 30), start, plan)
    const refused = expect(training).rejects.toThrow(DeviceLostError)
    await new Promise((resolve) => setTimeout(resolve, 200))
    device.alive().destroy()
    await refused
    await expect(kernels.mlpTrain(normal(38, 64, 30), start, plan)).rejects.toThrow(DeviceLostError)
  })

  test('a device lost between the work and its reading gives no numbers', async () => {
    const inputs = normal(33, 200, 64)
    const plan = { columns: 64, features: 640, bandwidths: [9], seed: 5 }
    for (const turns of [1, 2, 3, 5, 8, 20]) {
      const device = await Device.open(software)
      const kernels = new WebgpuKernels(device)
      await kernels.rff(inputs, plan)
      const settled = kernels.rff(inputs, plan).then(
        (found) => found.values,
        (error: unknown) => error,
      )
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
      try {
        device.alive().destroy()
      } catch (error) {
        expect(error).toBeInstanceOf(DeviceLostError)
      }
      expect(await settled).toBeInstanceOf(DeviceLostError)
    }
  })

  test('a device that is closed while it compiles does not take the process with it', () => {
    // Destroyed under Dawn's compiling threads, it ended the process more often than not.
    const script = `
      import { openWebgpu } from '${join(import.meta.dirname, '../../src/detect/compute/webgpu/webgpu.ts')}'
      const samples = { rows: 64, columns: 30, values: new Float32Array(1920).fill(1) }
      const layer = { inputs: 30, outputs: 30, weights: new Float32Array(900), bias: new Float32Array(30), activation: 'relu' }
      for (const milliseconds of [0, 2, 5, 10, 30, 60]) {
        const kernels = await openWebgpu({ log: { info() {} } }, { allowFallbackAdapter: true })
        const training = kernels.mlpTrain(samples, [layer], { epochs: 500, batch: 4, rate: 0.01, seed: 6 })
        const ended = training.catch((error) => console.log(error.code))
        await new Promise((resolve) => setTimeout(resolve, milliseconds))
        await kernels[Symbol.asyncDispose]()
        await ended
      }`
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    expect(said.trim().split('\n')).toEqual(Array.from({ length: 6 }, () => 'MW_DEVICE_LOST'))
  })

  test('an error inside a dispatch is an error, never zeros, and ends the device', async () => {
    const device = await Device.open(software)
    await using kernels = new WebgpuKernels(device)
    const pipeline = await device.pipeline(MERGE)
    const bad = device.run((job) => {
      const found = job.storage(64)
      job.dispatch(pipeline, [job.params(1, 1, 1, 1), found], [1])
      return [found]
    })
    await expect(bad).rejects.toThrow(DeviceLostError)
    await expect(bad).rejects.toThrow('the GPU refused the work')
    await expect(kernels.moments(normal(34, 3, 2))).rejects.toThrow('the GPU refused the work')
  })

  const mistakes: readonly (readonly [string, (device: Device) => Promise<unknown>])[] = [
    ['WGSL that does not compile', (device) => device.pipeline('fn main() {')],
    ['a buffer larger than there can be', (device) => device.run((job) => [job.storage(2 ** 40)])],
  ]
  test.each(mistakes)('so does %s', async (_, work) => {
    const device = await Device.open(software)
    await expect(work(device)).rejects.toThrow(DeviceLostError)
    expect(() => device.alive()).toThrow(DeviceLostError)
  })

  test('an error that nobody waits for ends the device too', async () => {
    const device = await Device.open(software)
    await using kernels = new WebgpuKernels(device)
    device.alive().createBuffer({ size: 16, usage: 0 })
    await expect(kernels.moments(normal(35, 3, 2))).rejects.toThrow(DeviceLostError)
    await expect(kernels.moments(normal(35, 3, 2))).rejects.toThrow('outside any call')
  })
}
