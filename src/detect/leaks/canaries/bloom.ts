/** A Bloom filter (Bloom 1970) over pairs of 32-bit hashes; which bits, after Kirsch and Mitzenmacher 2006. */
export class Bloom {
  readonly #bits: Uint32Array
  readonly #count: number
  readonly #probes: number

  /** Room for `most` entries at a share `falsePositives` of wrong answers: 1.44 * log2(1 / falsePositives) bits each. */
  constructor(most: number, falsePositives: number) {
    const perEntry = -Math.log(falsePositives) / Math.LN2 ** 2
    const words = Math.ceil((Math.max(1, most) * perEntry) / 32)
    this.#bits = new Uint32Array(words)
    this.#count = words * 32
    this.#probes = Math.max(1, Math.round(perEntry * Math.LN2))
  }

  get bytes(): number {
    return this.#bits.byteLength
  }

  add(first: number, second: number): void {
    for (let probe = 0; probe < this.#probes; probe++) {
      const bit = this.#bitOf(first, second, probe)
      this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) | (1 << (bit & 31))
    }
  }

  has(first: number, second: number): boolean {
    for (let probe = 0; probe < this.#probes; probe++) {
      const bit = this.#bitOf(first, second, probe)
      if (((this.#bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false
    }
    return true
  }

  #bitOf(first: number, second: number, probe: number): number {
    return ((first + Math.imul(probe, second | 1)) >>> 0) % this.#count
  }
}
