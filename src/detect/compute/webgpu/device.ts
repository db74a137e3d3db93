import { DeviceLostError } from '../plan/device-lost.ts'
import { reasonOf } from '../../../runtime/errors.ts'
import { requestAdapter, requiredLimits } from './adapter.ts'
import type { Adapter } from './adapter.ts'
import { Job } from './job.ts'
import type { Tile } from './tiles.ts'

const FILTERS: readonly GPUErrorFilter[] = ['validation', 'out-of-memory', 'internal']
const MAP_READ_MODE = 1

export interface DeviceOptions {
  /** Take a software adapter too. Slow: for tests. */
  readonly allowFallbackAdapter?: boolean
  /** Bind at most so many bytes at once, when the adapter could do more. */
  readonly maxBindingBytes?: number
  /** Rows and columns that a workgroup computes: 128 on a GPU, 64 in software, unless named here. */
  readonly tile?: Tile
}

/**
 * One GPU and what can go wrong with it. Errors of WebGPU are told later and elsewhere than where they were made, and a
 * failed dispatch leaves zeros to be read back: so everything runs inside error scopes, and nothing is read before they
 * are empty. A device that failed once, for whatever reason, is not believed again: it is destroyed, and all pending and
 * later calls end with DeviceLostError.
 */
export class Device {
  readonly what: string
  readonly fallback: boolean
  /** Bytes that one storage binding may have. */
  readonly bindingBytes: number
  /** Workgroups along one dimension of a dispatch. */
  readonly workgroups: number
  readonly workgroupBytes: number
  readonly tile: Tile
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>()
  /**
   * What Dawn has not answered yet. If the device is destroyed meanwhile, the process ends: at once while it compiles, and
   * with the last of the garbage where a promise was never kept (webgpu 0.6.2).
   */
  readonly #unanswered = new Set<Promise<unknown>>()
  #destroyed: Promise<unknown> = Promise.resolve()
  /** The implementation lives as long as somebody refers to it, and Node as long as the implementation. */
  #open: { readonly gpu: GPU; readonly device: GPUDevice } | undefined
  #failure: DeviceLostError | undefined
  readonly #waiting = new Set<(failure: DeviceLostError) => void>()

  static async open(options: DeviceOptions): Promise<Device> {
    const found = await requestAdapter(options.allowFallbackAdapter ?? false)
    const device = await found.adapter.requestDevice({ requiredLimits: requiredLimits(found.adapter) })
    return new Device(found, device, options)
  }

  private constructor({ gpu, adapter, what }: Adapter, device: GPUDevice, options: DeviceOptions) {
    this.#open = { gpu, device }
    this.what = what
    this.fallback = adapter.info.isFallbackAdapter
    this.bindingBytes = Math.min(
      device.limits.maxStorageBufferBindingSize,
      device.limits.maxBufferSize,
      options.maxBindingBytes ?? Number.POSITIVE_INFINITY,
    )
    this.tile = options.tile ?? (this.fallback ? 64 : 128)
    this.workgroups = device.limits.maxComputeWorkgroupsPerDimension
    this.workgroupBytes = device.limits.maxComputeWorkgroupStorageSize
    void device.lost.then(({ reason, message }) => this.fail(`the GPU is gone (${reason}): ${message}`))
    device.addEventListener('uncapturederror', ({ error }) => {
      this.#failure ??= new DeviceLostError(`an error outside any call: ${error.message}`)
      // Dawn tells this from within a call of its own and waits for ever if the device is destroyed there.
      setImmediate(() => this.fail(error.message))
    })
  }

  /** The device, or why there is none any more. */
  alive(): GPUDevice {
    if (this.#failure) throw this.#failure
    if (!this.#open) throw new DeviceLostError('the device was closed')
    return this.#open.device
  }

  /** From now on every call ends with the first reason given. */
  fail(reason: string): DeviceLostError {
    this.#failure ??= new DeviceLostError(reason)
    this.#end(this.#failure)
    return this.#failure
  }

  /** Compiled once for each text. */
  pipeline(code: string): Promise<GPUComputePipeline> {
    const known = this.#pipelines.get(code)
    if (known) return known
    const made = this.#compile(code)
    this.#pipelines.set(code, made)
    return made
  }

  /**
   * Records work and submits it, all at once, and reads back the buffers that `record` returns. The job's buffers are
   * destroyed when it is done.
   */
  async run(record: (job: Job) => readonly GPUBuffer[]): Promise<ArrayBuffer[]> {
    const device = this.alive()
    const job = new Job(device)
    try {
      const copies = await this.guarded(() => job.submit(record(job)))
      return await Promise.all(copies.map((copy) => this.#read(copy)))
    } finally {
      job.release()
    }
  }

  /** Does something with the device inside error scopes; what it made go wrong becomes an error. */
  async guarded<Result>(work: (device: GPUDevice) => Result): Promise<Result> {
    const device = this.alive()
    for (const filter of FILTERS) device.pushErrorScope(filter)
    const scopes: Promise<GPUError | null>[] = []
    let result: Result
    try {
      result = work(device)
    } finally {
      for (const _ of FILTERS) scopes.push(device.popErrorScope())
    }
    const errors = await this.#unlessLost(Promise.all(scopes))
    const [error] = errors.filter((found) => found !== null)
    if (error) throw this.fail(`the GPU refused the work: ${error.message}`)
    this.alive()
    return result
  }

  /** Done when Dawn has answered all that it was asked, or the device is lost. */
  async close(): Promise<void> {
    this.fail('the device was closed')
    await this.#destroyed
  }

  async #compile(code: string): Promise<GPUComputePipeline> {
    const module = await this.guarded((device) => device.createShaderModule({ code }))
    const device = this.alive()
    return this.#unlessLost(
      device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } }),
    )
  }

  async #read(copy: GPUBuffer): Promise<ArrayBuffer> {
    await this.#unlessLost(copy.mapAsync(MAP_READ_MODE))
    this.alive()
    const values = copy.getMappedRange().slice(0)
    copy.unmap()
    return values
  }

  /**
   * What WebGPU's promises are broken with is of many kinds, and those of a lost device may never be kept: a broken promise
   * is a device not to be believed, and a lost device ends the waiting.
   */
  #unlessLost<Result>(promise: Promise<Result>): Promise<Result> {
    this.#unanswered.add(promise)
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject)
      const end = (settle: () => void): void => {
        this.#waiting.delete(reject)
        this.#unanswered.delete(promise)
        settle()
      }
      promise.then(
        (result) => end(() => resolve(result)),
        (cause: unknown) => end(() => reject(this.fail(`the GPU did not answer: ${reasonOf(cause)}`))),
      )
    })
  }

  #end(failure: DeviceLostError): void {
    for (const reject of this.#waiting) reject(failure)
    this.#waiting.clear()
    const open = this.#open
    this.#open = undefined
    this.#pipelines.clear()
    if (!open) return
    if (this.#unanswered.size === 0) open.device.destroy()
    else
      this.#destroyed = Promise.race([open.device.lost, Promise.allSettled(this.#unanswered)]).then(() =>
        open.device.destroy(),
      )
  }
}
