import type { Memory, Module } from './web-assembly.ts'
import type { Passes } from './hadamard.ts'
import type { Exports } from './module.ts'

/** One thread's instance of the module over one arena's memory, with views that follow its growth. */
export class Instance {
  readonly run: Exports & Passes
  /** What `screen` calls; set before it. */
  examine: (left: number, panel: number, bits: number) => void = () => {}
  readonly #memory: Memory
  #buffer: ArrayBufferLike | undefined
  #f32: Float32Array = new Float32Array()
  #f64: Float64Array = new Float64Array()
  #i32: Int32Array = new Int32Array()
  #i8: Int8Array = new Int8Array()

  constructor(module: Module, memory: Memory) {
    this.#memory = memory
    const examine = (left: number, panel: number, bits: number): void => this.examine(left, panel, bits)
    this.run = new WebAssembly.Instance(module, { env: { memory, examine } }).exports as unknown as Exports & Passes
  }

  get f32(): Float32Array {
    this.#follow()
    return this.#f32
  }

  get f64(): Float64Array {
    this.#follow()
    return this.#f64
  }

  get i32(): Int32Array {
    this.#follow()
    return this.#i32
  }

  get i8(): Int8Array {
    this.#follow()
    return this.#i8
  }

  /** Sees what another thread has added to the memory. */
  refresh(): void {
    this.#memory.grow(0)
  }

  #follow(): void {
    const { buffer } = this.#memory
    if (buffer === this.#buffer) return
    this.#buffer = buffer
    this.#f32 = new Float32Array(buffer)
    this.#f64 = new Float64Array(buffer)
    this.#i32 = new Int32Array(buffer)
    this.#i8 = new Int8Array(buffer)
  }
}
