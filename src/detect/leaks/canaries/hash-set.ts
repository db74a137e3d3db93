/** A set of 32-bit hashes without the things hashed; each remembers in which round it was last seen. */
export class HashSet {
  readonly #mask: number
  readonly #slots: Int32Array
  readonly #seen: Int32Array
  #size = 0
  #round = 0

  /** `most`: how many will be added. */
  constructor(most: number) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(4, 2 * most)))
    this.#mask = slots - 1
    this.#slots = new Int32Array(slots)
    this.#seen = new Int32Array(slots)
  }

  get size(): number {
    return this.#size
  }

  add(hash: number): void {
    const place = this.#placeOf(hash | 0 || 1)
    if (this.#slots[place] !== 0) return
    this.#slots[place] = hash | 0 || 1
    this.#size++
  }

  /** A new round: nothing has been seen in it. */
  begin(): void {
    this.#round++
  }

  /** 0: not in the set; 1: in it, for the first time in this round; 2: again. */
  see(hash: number): 0 | 1 | 2 {
    const place = this.#placeOf(hash | 0 || 1)
    if (this.#slots[place] === 0) return 0
    if (this.#seen[place] === this.#round) return 2
    this.#seen[place] = this.#round
    return 1
  }

  #placeOf(hash: number): number {
    let place = (hash ^ (hash >>> 15)) & this.#mask
    while (this.#slots[place] !== 0 && this.#slots[place] !== hash) place = (place + 1) & this.#mask
    return place
  }
}
