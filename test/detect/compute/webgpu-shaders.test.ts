import { create } from 'webgpu'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COUNT, SCAN } from '../../../src/detect/compute/webgpu/columns-wgsl.ts'
import { features } from '../../../src/detect/compute/webgpu/fourier.ts'
import { float } from '../../../src/detect/compute/webgpu/job.ts'
import { dense } from '../../../src/detect/compute/webgpu/mlp.ts'
import { PRODUCTS } from '../../../src/detect/compute/webgpu/moments.ts'
import { permuteTiles } from '../../../src/detect/compute/webgpu/permute-wgsl.ts'
import { DESCEND, LEARN } from '../../../src/detect/compute/webgpu/train-wgsl.ts'
import { MERGE, NORMS, RECOMPUTE, screen } from '../../../src/detect/compute/webgpu/top-k-wgsl.ts'

const shaders: readonly (readonly [string, string])[] = [
  ['lengths of rows', NORMS],
  ['ranking in tiles of 64', screen(64, false)],
  ['ranking in tiles of 128', screen(128, false)],
  ['ranking by differences in tiles of 64', screen(64, true)],
  ['ranking by differences in tiles of 128', screen(128, true)],
  ['merging', MERGE],
  ['computing distances again', RECOMPUTE],
  ['counting', COUNT],
  ['scanning counts', SCAN],
  ['Fourier features of 1 column', features(1)],
  ['Fourier features of 8,192 columns', features(8192)],
  ['permutations', permuteTiles()],
  ['layers in tiles of 64', dense(64, false)],
  ['layers in tiles of 128', dense(128, false)],
  ['the last layer in tiles of 64', dense(64, true)],
  ['the last layer in tiles of 128', dense(128, true)],
  ['products of columns', PRODUCTS],
  ['a row forward and back', LEARN],
  ['a step of Adam', DESCEND],
]

describe('WGSL, looked at by a compiler without a GPU', () => {
  let open: { readonly gpu: GPU; readonly device: GPUDevice } | undefined
  beforeAll(async () => {
    const gpu = create(['backend=null'])
    const adapter = await gpu.requestAdapter()
    if (!adapter) throw new Error('Dawn has no null adapter')
    open = { gpu, device: await adapter.requestDevice() }
  })
  afterAll(() => {
    open?.device.destroy()
    open = undefined
  })

  async function refusal(code: string): Promise<string | undefined> {
    const device = open?.device
    if (!device) throw new Error('no device')
    device.pushErrorScope('validation')
    const module = device.createShaderModule({ code })
    device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } })
    const message = (await device.popErrorScope())?.message
    // This device has 16 kB of workgroup memory; the kernels may use 32 kB.
    const bytes = /total use of workgroup storage \((\d+) bytes\) is larger/.exec(message ?? '')?.[1]
    return bytes !== undefined && Number(bytes) <= 32_768 ? undefined : message
  }

  test.each(shaders)('%s', async (_, code) => {
    expect(await refusal(code)).toBeUndefined()
  })

  test('a mistake would be seen', async () => {
    expect(await refusal(MERGE.replace('query >= params.queries', 'query >= params.missing'))).toContain('missing')
  })
})

test('floats travel as their bits', () => {
  expect([1, -2, 0].map(float)).toEqual([0x3f800000, 0xc0000000, 0])
})
