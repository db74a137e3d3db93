const COPY_SRC = 0x4
const COPY_DST = 0x8
const MAP_READ = 0x1
const UNIFORM = 0x40
const STORAGE = 0x80

/** A piece that the queue copies into its staging memory at once, bytes. */
const UPLOAD_BYTES = 64 * 1024 * 1024
const BYTES = 4

export type Grid = readonly [x: number, y?: number, z?: number]

export type Numbers = Float32Array | Uint32Array | Int32Array

/** Work that is submitted together, and its buffers. */
export class Job {
  readonly #device: GPUDevice
  readonly #encoder: GPUCommandEncoder
  readonly #buffers: GPUBuffer[] = []

  constructor(device: GPUDevice) {
    this.#device = device
    this.#encoder = device.createCommandEncoder()
  }

  /** Zeros for `length` numbers of four bytes. */
  storage(length: number): GPUBuffer {
    return this.#keep(storage(this.#device, length))
  }

  upload(values: Numbers): GPUBuffer {
    return this.#keep(upload(this.#device, values))
  }

  /** Sixteen bytes and up: unsigned integers, or floats as `float` gives them. */
  params(...words: readonly number[]): GPUBuffer {
    const filled = new Uint32Array(Math.ceil(words.length / 4) * 4)
    filled.set(words)
    const buffer = this.#keep(this.#device.createBuffer({ size: filled.byteLength, usage: UNIFORM | COPY_DST }))
    this.#device.queue.writeBuffer(buffer, 0, filled)
    return buffer
  }

  /** One dispatch; the buffers are bound in their order from 0. */
  dispatch(pipeline: GPUComputePipeline, buffers: readonly GPUBuffer[], [x, y = 1, z = 1]: Grid): void {
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }))
    const group = this.#device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries })
    const pass = this.#encoder.beginComputePass()
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, group)
    pass.dispatchWorkgroups(x, y, z)
    pass.end()
  }

  /** Hands all to the GPU; what is to be read comes in buffers that can be mapped. */
  submit(results: readonly GPUBuffer[]): GPUBuffer[] {
    const copies = results.map((result) => {
      const copy = this.#keep(this.#device.createBuffer({ size: result.size, usage: MAP_READ | COPY_DST }))
      this.#encoder.copyBufferToBuffer(result, 0, copy, 0, result.size)
      return copy
    })
    this.#device.queue.submit([this.#encoder.finish()])
    return copies
  }

  release(): void {
    for (const buffer of this.#buffers) buffer.destroy()
  }

  #keep(buffer: GPUBuffer): GPUBuffer {
    this.#buffers.push(buffer)
    return buffer
  }
}

/** A buffer that outlives a job. */
export function storage(device: GPUDevice, length: number): GPUBuffer {
  return device.createBuffer({ size: Math.max(1, length) * BYTES, usage: STORAGE | COPY_SRC | COPY_DST })
}

export function upload(device: GPUDevice, values: Numbers): GPUBuffer {
  const buffer = storage(device, values.length)
  const piece = UPLOAD_BYTES / BYTES
  for (let from = 0; from < values.length; from += piece) {
    const part = values.subarray(from, from + piece)
    // A copy when the memory is shared between threads: the queue takes only memory of one thread.
    const own = part.buffer instanceof ArrayBuffer ? (part as typeof part & { buffer: ArrayBuffer }) : part.slice()
    device.queue.writeBuffer(buffer, from * BYTES, own)
  }
  return buffer
}

const cell = new DataView(new ArrayBuffer(BYTES))

/** The bits of a single-precision number, for `params`. */
export function float(value: number): number {
  cell.setFloat32(0, value)
  return cell.getUint32(0)
}
