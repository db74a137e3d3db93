import type { StateChange } from '../../contract/detect.ts'

/** How a group's state is written down and read again. `decode` throws on what it did not write. */
export interface Codec<T> {
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}

/** The room that all groups of all rules share. */
export class Room {
  /** Groups that may be held at once, over all rules. */
  readonly cap: number
  held = 0
  /** Groups that were forgotten because there was no more room. */
  evicted = 0
  readonly #holders = new Set<Holder>()

  constructor(cap: number) {
    this.cap = cap
  }

  join(holder: Holder): void {
    this.#holders.add(holder)
  }

  /** Counts one more group; where there is no room, whoever holds most forgets the one that was left alone longest. */
  enter(): void {
    if (this.held >= this.cap) {
      let most: Holder | undefined
      for (const holder of this.#holders) if (!most || holder.size > most.size) most = holder
      if (most?.evictOldest()) this.evicted++
    }
    this.held++
  }
}

interface Holder {
  readonly size: number
  evictOldest(): boolean
}

interface Slot<T> {
  readonly value: T
  /** Event time of the last touch: groups are forgotten in the order of touching. */
  at: number
}

/**
 * What one rule remembers, by group: group key (a keyed hash of the group's values, so that nothing clear is stored) -> state.
 * Bounded by the room it shares and by time; every change is kept to be stored.
 */
export class Groups<T> implements Holder {
  readonly #room: Room
  readonly #codec: Codec<T>
  readonly #slots = new Map<number, Slot<T>>()
  readonly #changed = new Set<number>()

  constructor(room: Room, codec: Codec<T>) {
    this.#room = room
    this.#codec = codec
    room.join(this)
  }

  get size(): number {
    return this.#slots.size
  }

  get(key: number): T | undefined {
    return this.#slots.get(key)?.value
  }

  /** The group's state, made by `make` where there is none; it counts as changed and as touched at `at` (event time, epoch ms). */
  touch(key: number, at: number, make: () => T): T {
    const found = this.#slots.get(key)
    this.#changed.add(key)
    if (!found) {
      this.#room.enter()
      const value = make()
      this.#slots.set(key, { value, at })
      return value
    }
    if (at > found.at) found.at = at
    this.#slots.delete(key)
    this.#slots.set(key, found)
    return found.value
  }

  delete(key: number): void {
    if (!this.#slots.delete(key)) return
    this.#room.held--
    this.#changed.add(key)
  }

  /** Forgets groups last touched before `before`; looks only at the oldest until one is younger. */
  expire(before: number): void {
    for (const [key, slot] of this.#slots) {
      if (slot.at >= before) return
      this.delete(key)
    }
  }

  /** Groups, those left alone longest first. */
  *entries(): IterableIterator<[key: number, value: T, at: number]> {
    for (const [key, slot] of this.#slots) yield [key, slot.value, slot.at]
  }

  evictOldest(): boolean {
    const [key] = this.#slots.keys()
    if (key === undefined) return false
    this.delete(key)
    return true
  }

  changes(): readonly StateChange[] {
    const changes = [...this.#changed].map((key) => this.#write(key))
    this.#changed.clear()
    return changes
  }

  *state(): IterableIterator<StateChange> {
    for (const key of this.#slots.keys()) yield this.#write(key)
  }

  /** What cannot be read is forgotten. The order of restoring is the order of forgetting only as far as times differ. */
  restore({ key: text, value }: StateChange): void {
    const key = Number.parseInt(text, 36)
    if (value === null || value.byteLength < 8 || !Number.isSafeInteger(key)) return
    const at = new DataView(value.buffer, value.byteOffset, 8).getFloat64(0, true)
    try {
      const read = this.#codec.decode(value.subarray(8))
      this.#room.enter()
      this.#slots.set(key, { value: read, at })
    } catch {
      this.#changed.add(key)
    }
  }

  /** Call once after restoring: the oldest stand first again. */
  settle(): void {
    const slots = [...this.#slots].toSorted(([, a], [, b]) => a.at - b.at)
    this.#slots.clear()
    for (const [key, slot] of slots) this.#slots.set(key, slot)
  }

  #write(key: number): StateChange {
    const slot = this.#slots.get(key)
    if (!slot) return { key: key.toString(36), value: null }
    const body = this.#codec.encode(slot.value)
    const bytes = new Uint8Array(8 + body.byteLength)
    new DataView(bytes.buffer).setFloat64(0, slot.at, true)
    bytes.set(body, 8)
    return { key: key.toString(36), value: bytes }
  }
}
