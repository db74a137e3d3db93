import type { StateChange } from '../../contract/detect.ts'

const KEY = 'detectors.1'

/** Which detector has which place in a row of evidence; a place is never given to another. */
export class Slots {
  readonly #most: number
  #names: string[] = []
  #dirty = false

  constructor(most: number) {
    this.#most = most
  }

  get names(): readonly string[] {
    return this.#names
  }

  get size(): number {
    return this.#names.length
  }

  /** The detector's place, a new one for a name not seen before; undefined when all are taken. */
  of(name: string): number | undefined {
    const found = this.#names.indexOf(name)
    if (found >= 0) return found
    if (this.#names.length >= this.#most) return undefined
    this.#dirty = true
    return this.#names.push(name) - 1
  }

  changes(): readonly StateChange[] {
    if (!this.#dirty) return []
    this.#dirty = false
    return [{ key: KEY, value: Buffer.from(JSON.stringify(this.#names)) }]
  }

  clear(): void {
    this.#names = []
    this.#dirty = false
  }

  restore({ key, value }: StateChange): boolean {
    if (key !== KEY || value === null) return false
    const names: unknown = JSON.parse(Buffer.from(value).toString('utf8'))
    if (!Array.isArray(names)) return false
    this.#names = names.map(String).slice(0, this.#most)
    return true
  }
}
