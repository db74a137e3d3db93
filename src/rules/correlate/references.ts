import type { EventRef } from '../../contract/event.ts'

/** An entry's events: one, or of a chain several. */
export type Refs = EventRef | readonly EventRef[]

/**
 * The events that entries name, by number, so that the windows of all correlations hold one object together and are numbers
 * themselves. Each is held as often as it was kept and not dropped; numbers are used again. 0 is none.
 */
export class References {
  readonly #refs: (Refs | undefined)[] = [undefined]
  #holders = new Int32Array(1_024)
  readonly #vacant: number[] = []

  /** How many are held. */
  get held(): number {
    return this.#refs.length - 1 - this.#vacant.length
  }

  get(number: number): Refs | undefined {
    return this.#refs[number]
  }

  /** A number for it, kept once. */
  enter(refs: Refs): number {
    const number = this.#vacant.pop() ?? this.#refs.length
    this.#refs[number] = refs
    if (number === this.#holders.length) {
      const holders = new Int32Array(number * 2)
      holders.set(this.#holders)
      this.#holders = holders
    }
    this.#holders[number] = 1
    return number
  }

  keep(number: number): void {
    this.#holders[number] = (this.#holders[number] ?? 0) + 1
  }

  drop(number: number): void {
    if (number === 0) return
    const left = (this.#holders[number] ?? 0) - 1
    this.#holders[number] = left
    if (left > 0) return
    this.#refs[number] = undefined
    this.#vacant.push(number)
  }
}

export function isList(refs: Refs): refs is readonly EventRef[] {
  return Array.isArray(refs)
}
