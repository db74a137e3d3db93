const NONE = -1

/**
 * The order in which places of a table were last used: a doubly linked list in one array of numbers, so that each use and
 * each eviction is a few reads and writes, whatever the number of places. Places are numbered from 0; 8 to 16 bytes each.
 */
export class UseOrder {
  /** For each place the one used just before it and the one used just after it. */
  #links = new Int32Array(32)
  #oldest = NONE
  #newest = NONE

  /** A place that is not in the order becomes its newest. */
  add(place: number): void {
    if (2 * place >= this.#links.length) {
      const links = new Int32Array(Math.max(4 * place, 2 * this.#links.length))
      links.set(this.#links)
      this.#links = links
    }
    this.#append(place)
  }

  /** A place of the order becomes its newest. */
  use(place: number): void {
    if (place === this.#newest) return
    this.#unlink(place)
    this.#append(place)
  }

  /** Takes out the place that was used longest ago; undefined when there is none. */
  takeOldest(): number | undefined {
    const place = this.#oldest
    if (place === NONE) return undefined
    this.#unlink(place)
    return place
  }

  clear(): void {
    this.#oldest = this.#newest = NONE
  }

  #append(place: number): void {
    const links = this.#links
    links[2 * place] = this.#newest
    links[2 * place + 1] = NONE
    if (this.#newest === NONE) this.#oldest = place
    else links[2 * this.#newest + 1] = place
    this.#newest = place
  }

  #unlink(place: number): void {
    const links = this.#links
    const [before, after] = [links[2 * place] ?? NONE, links[2 * place + 1] ?? NONE]
    if (before === NONE) this.#oldest = after
    else links[2 * before + 1] = after
    if (after === NONE) this.#newest = before
    else links[2 * after] = before
  }
}
