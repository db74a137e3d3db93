import type { StateChange } from '../../contract/detect.ts'

/** State there is one of, such as what a whole fleet has in common, under one stored key. */
export class SingleRow {
  readonly numbers: Float64Array
  readonly #key: string
  #dirty = false

  constructor(key: string, numbers: number) {
    this.#key = key
    this.numbers = new Float64Array(numbers)
  }

  touch(): void {
    this.#dirty = true
  }

  changes(): StateChange[] {
    if (!this.#dirty) return []
    this.#dirty = false
    return [{ key: this.#key, value: new Uint8Array(this.numbers.slice().buffer) }]
  }

  clear(): void {
    this.numbers.fill(0)
    this.#dirty = false
  }

  /** Takes its own key back; true when it was this row's and could be read. */
  restore(change: StateChange): boolean {
    if (change.key !== this.#key || change.value?.length !== this.numbers.byteLength) return false
    new Uint8Array(this.numbers.buffer).set(change.value)
    return true
  }
}
