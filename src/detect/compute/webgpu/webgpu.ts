import type {
  ColumnDistances,
  Features,
  FourierPlan,
  Held,
  Kernels,
  Layer,
  Matrix,
  Moments,
  Neighbours,
  PermutationResult,
  PermutationTest,
  TrainPlan,
} from '../../../contract/compute.ts'
import type { Given } from '../../../contract/plugin.ts'
import * as shapes from '../plan/shapes.ts'
import { columnDistances } from './columns.ts'
import { Device } from './device.ts'
import type { DeviceOptions } from './device.ts'
import { GpuHeld } from './held.ts'
import { mlpScore } from './mlp.ts'
import { moments } from './moments.ts'
import { mmdPermute } from './permute.ts'
import { fourierFeatures } from './fourier.ts'
import { topK } from './top-k.ts'
import { mlpTrain } from './train.ts'

/**
 * The kernels on a GPU through WebGPU (Vulkan, Metal or Direct3D 12; the optional package `webgpu`): own WGSL in single
 * precision, sums in blocks, what is subtracted or counted finished in double precision on the CPU. Throws RefusedError
 * with the cure when there is no GPU; one that computes in software is refused unless allowed.
 */
export async function openWebgpu(given: Given, options: DeviceOptions = {}): Promise<WebgpuKernels> {
  const device = await Device.open(options)
  given.log.info('GPU opened', { adapter: device.what, bindingBytes: device.bindingBytes })
  return new WebgpuKernels(device)
}

export class WebgpuKernels implements Kernels {
  readonly device = 'webgpu'
  readonly #device: Device

  constructor(device: Device) {
    this.#device = device
  }

  /** The adapter, for people. */
  get what(): string {
    return this.#device.what
  }

  async hold(references: Matrix): Promise<Held> {
    shapes.checkMatrix(references, 'references')
    return await GpuHeld.of(this.#device, references)
  }

  async topK(queries: Matrix, references: Held, k: number): Promise<Neighbours> {
    shapes.checkTopK(queries, references, k)
    return await this.#use(references, (held) => topK(this.#device, queries, held, k))
  }

  async rff(inputs: Matrix, plan: FourierPlan, into?: Int8Array): Promise<Features> {
    shapes.checkFourier(inputs, plan, into)
    return await fourierFeatures(this.#device, inputs, plan, into)
  }

  async mmdPermute(test: PermutationTest): Promise<PermutationResult> {
    shapes.checkPermutation(test)
    return await mmdPermute(this.#device, test)
  }

  async ksPsi(reference: Held, current: Matrix): Promise<ColumnDistances> {
    shapes.checkColumnPair(reference, current)
    return await this.#use(reference, (held) => columnDistances(this.#device, held, current))
  }

  async mlpScore(inputs: Matrix, layers: readonly Layer[]): Promise<Float32Array> {
    shapes.checkLayers(inputs, layers)
    return await mlpScore(this.#device, inputs, layers)
  }

  async mlpTrain(samples: Matrix, start: readonly Layer[], plan: TrainPlan): Promise<readonly Layer[]> {
    shapes.checkTraining(samples, start, plan)
    return await mlpTrain(this.#device, samples, start, plan)
  }

  async moments(inputs: Matrix): Promise<Moments> {
    shapes.checkMoments(inputs)
    return await moments(this.#device, inputs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#device.close()
  }

  #use<Result>(held: Held, work: (held: GpuHeld) => Promise<Result>): Promise<Result> {
    if (!(held instanceof GpuHeld)) throw new RangeError('these references are held by another device')
    return held.use(this.#device, work)
  }
}
