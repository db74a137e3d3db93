/** The part of the WebAssembly JavaScript interface that is used here; TypeScript has it only in its library for browsers. */
declare global {
  namespace WebAssembly {
    class Module {
      constructor(bytes: Uint8Array<ArrayBuffer>)
      readonly [Symbol.toStringTag]: 'WebAssembly.Module'
    }
    class Memory {
      constructor(limits: { readonly initial: number; readonly maximum: number; readonly shared: boolean })
      readonly buffer: ArrayBufferLike
      grow(pages: number): number
    }
    class Instance {
      constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>)
      readonly exports: Readonly<Record<string, unknown>>
    }
    function validate(bytes: Uint8Array<ArrayBuffer>): boolean
  }
}

export type Module = WebAssembly.Module
export type Memory = WebAssembly.Memory
