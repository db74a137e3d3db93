/** A page holds so many entries, or one block where that is larger; large ones when there are many, which are quicker to find. */
const SMALL_PAGE = 2 ** 12
const PAGE_BITS = 16
const PAGE = 2 ** PAGE_BITS
/** So many pages are small. */
const SMALL_PAGES = 16

/** Entries side by side. */
export class Page {
  readonly index: number
  /** The numbers of one entry after those of the other. */
  readonly numbers: Float64Array
  /** First entries of the blocks that are free; the last is given out next. */
  readonly free: number[] = []
  readonly blocks: number

  constructor(index: number, entries: number, size: number, width: number) {
    const length = Math.max(entries, size)
    this.index = index
    this.numbers = new Float64Array(length * width)
    this.blocks = length / size
    for (let block = this.blocks - 1; block >= 0; block--) this.free.push(block * size)
  }
}

/**
 * Blocks of entries for windows: 2 ** sizeClass entries, found by their address (page * 65536 + first entry). What is in a
 * block when it is given out is old. Pages of which no block is in use are let go, but for one of each size.
 */
export class Pool {
  readonly #pages: (Page | undefined)[] = []
  /** Numbers of an entry. */
  readonly width: number
  /** Pages with free blocks, by size class. */
  readonly #open: Page[][] = []
  /** Indexes of pages that were let go. */
  readonly #vacant: number[] = []

  constructor(width: number) {
    this.width = width
  }

  /** Pages that are held. */
  get held(): number {
    return this.#pages.length - this.#vacant.length
  }

  pageOf(address: number): Page {
    const page = this.#pages[address >>> PAGE_BITS]
    if (!page) throw new RangeError(`no page at ${address}`)
    return page
  }

  baseOf(address: number): number {
    return address & (PAGE - 1)
  }

  take(sizeClass: number): number {
    const open = (this.#open[sizeClass] ??= [])
    const page = open.at(-1) ?? this.#newPage(2 ** sizeClass, open)
    const base = page.free.pop() ?? 0
    if (page.free.length === 0) open.pop()
    return page.index * PAGE + base
  }

  give(address: number, sizeClass: number): void {
    const page = this.pageOf(address)
    const base = this.baseOf(address)
    const open = (this.#open[sizeClass] ??= [])
    if (page.free.length === 0) open.push(page)
    page.free.push(base)
    if (page.free.length < page.blocks || open.length === 1) return
    open.splice(open.indexOf(page), 1)
    this.#pages[page.index] = undefined
    this.#vacant.push(page.index)
  }

  #newPage(size: number, open: Page[]): Page {
    const entries = this.held < SMALL_PAGES ? SMALL_PAGE : PAGE
    const page = new Page(this.#vacant.pop() ?? this.#pages.length, entries, size, this.width)
    this.#pages[page.index] = page
    open.push(page)
    return page
  }
}
