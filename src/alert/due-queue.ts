interface Due {
  readonly key: string
  readonly at: number
}

/**
 * What is due when: a binary heap, earlier first, equal times by key. Each key's time is asked from `dueOf`; a time that
 * has moved later is noticed only when the old one comes up, so that pushing a deadline back costs nothing.
 */
export class DueQueue {
  readonly #dueOf: (key: string) => number | undefined
  #heap: Due[] = []
  readonly #queuedAt = new Map<string, number>()

  constructor(dueOf: (key: string) => number | undefined) {
    this.#dueOf = dueOf
  }

  /** The key is new, or may have become due earlier. */
  touch(key: string): void {
    const at = this.#dueOf(key)
    const queuedAt = this.#queuedAt.get(key)
    if (at === undefined || (queuedAt !== undefined && queuedAt <= at)) return
    this.#queuedAt.set(key, at)
    this.#push({ key, at })
  }

  /** The next key and its true time; stays in the queue. */
  next(): Due | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      const isLive = this.#queuedAt.get(top.key) === top.at
      if (isLive && this.#dueOf(top.key) === top.at) return top
      this.#pop()
      if (!isLive) continue
      this.#queuedAt.delete(top.key)
      this.touch(top.key)
    }
    return undefined
  }

  /** Takes the next key out if its time has come. */
  take(now: number): Due | undefined {
    const top = this.#heap[0]
    if (top === undefined || top.at > now) return undefined
    const next = this.next()
    if (next === undefined || next.at > now) return undefined
    this.#pop()
    this.#queuedAt.delete(next.key)
    return next
  }

  clear(): void {
    this.#heap = []
    this.#queuedAt.clear()
  }

  #push(due: Due): void {
    const heap = this.#heap
    let at = heap.push(due) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(heap, at, parent)) return
      swap(heap, at, parent)
      at = parent
    }
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    heap[0] = last
    for (let at = 0; ;) {
      const left = 2 * at + 1
      const least = left + 1 < heap.length && isBefore(heap, left + 1, left) ? left + 1 : left
      if (least >= heap.length || !isBefore(heap, least, at)) return
      swap(heap, at, least)
      at = least
    }
  }
}

function isBefore(heap: readonly Due[], left: number, right: number): boolean {
  const [a, b] = [heap[left], heap[right]]
  if (a === undefined || b === undefined) return false
  return a.at === b.at ? a.key < b.key : a.at < b.at
}

function swap(heap: Due[], left: number, right: number): void {
  const [a, b] = [heap[left], heap[right]]
  if (a === undefined || b === undefined) return
  heap[left] = b
  heap[right] = a
}
