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

/** A group in the order of touching: a ring that begins and ends at a slot that is no group. */
interface Slot<T> {
  readonly key: number
  readonly value: T
  /** Event time of the last touch: groups are forgotten in the order of touching. */
  at: number
  hasChanged: boolean
  before: Slot<T>
  after: Slot<T>
}

/**
 * What one rule remembers, by group: group key (a keyed hash of the group's values, so that nothing clear is stored) -> state.
 * Bounded by the room it shares and by time; every change is kept to be stored. Touching a group that is there is one look-up
 * and allocates nothing.
 */
export class Groups<T> implements Holder {
  readonly #room: Room
  readonly #codec: Codec<T>
  readonly #slots = new Map<number, Slot<T>>()
  /** After it the group that was left alone longest, before it the one touched last. */
  readonly #ring: Slot<T>
  /** Keys of groups that were touched or forgotten since they were last written. */
  #changed: number[] = []
  readonly #gone = new Set<number>()

  constructor(room: Room, codec: Codec<T>) {
    this.#room = room
    this.#codec = codec
    this.#ring = ringOf<T>()
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
    let slot = this.#slots.get(key)
    if (slot) {
      if (at > slot.at) slot.at = at
      if (slot !== this.#ring.before) {
        unlink(slot)
        this.#append(slot)
      }
    } else slot = this.#enter(key, make(), at)
    if (!slot.hasChanged) {
      slot.hasChanged = true
      this.#changed.push(key)
    }
    return slot.value
  }

  delete(key: number): void {
    const slot = this.#slots.get(key)
    if (!slot) return
    this.#slots.delete(key)
    unlink(slot)
    this.#room.held--
    this.#gone.add(key)
  }

  /** Forgets groups last touched before `before`; looks only at the oldest until one is younger. */
  expire(before: number): void {
    for (let slot = this.#ring.after; slot !== this.#ring && slot.at < before; slot = slot.after) this.delete(slot.key)
  }

  /** Groups, those left alone longest first. */
  *entries(): IterableIterator<[key: number, value: T, at: number]> {
    for (let slot = this.#ring.after; slot !== this.#ring; slot = slot.after) yield [slot.key, slot.value, slot.at]
  }

  evictOldest(): boolean {
    const { after } = this.#ring
    if (after === this.#ring) return false
    this.delete(after.key)
    return true
  }

  changes(): readonly StateChange[] {
    const keys = new Set([...this.#changed, ...this.#gone])
    this.#changed = []
    this.#gone.clear()
    return [...keys].map((key) => this.#write(key))
  }

  *state(): IterableIterator<StateChange> {
    for (const key of this.#slots.keys()) yield this.#write(key, false)
  }

  /** What cannot be read is forgotten. The order of restoring is the order of forgetting only as far as times differ. */
  restore({ key: text, value }: StateChange): void {
    const key = Number.parseInt(text, 36)
    if (value === null || value.byteLength < 8 || !Number.isSafeInteger(key) || this.#slots.has(key)) return
    const at = new DataView(value.buffer, value.byteOffset, 8).getFloat64(0, true)
    try {
      this.#enter(key, this.#codec.decode(value.subarray(8)), at)
    } catch {
      this.#gone.add(key)
    }
  }

  /** Call once after restoring: the oldest stand first again. */
  settle(): void {
    const slots = [...this.#slots.values()].toSorted((a, b) => a.at - b.at)
    this.#ring.before = this.#ring.after = this.#ring
    for (const slot of slots) this.#append(slot)
  }

  #enter(key: number, value: T, at: number): Slot<T> {
    this.#room.enter()
    const slot: Slot<T> = { key, value, at, hasChanged: false, before: this.#ring, after: this.#ring }
    this.#slots.set(key, slot)
    this.#append(slot)
    return slot
  }

  #append(slot: Slot<T>): void {
    const last = this.#ring.before
    slot.before = last
    slot.after = this.#ring
    last.after = slot
    this.#ring.before = slot
  }

  #write(key: number, settles = true): StateChange {
    const slot = this.#slots.get(key)
    if (!slot) return { key: key.toString(36), value: null }
    if (settles) slot.hasChanged = false
    const body = this.#codec.encode(slot.value)
    const bytes = new Uint8Array(8 + body.byteLength)
    new DataView(bytes.buffer).setFloat64(0, slot.at, true)
    bytes.set(body, 8)
    return { key: key.toString(36), value: bytes }
  }
}

function ringOf<T>(): Slot<T> {
  const ring = { key: -1, at: 0, hasChanged: false } as Slot<T>
  ring.before = ring.after = ring
  return ring
}

function unlink<T>({ before, after }: Slot<T>): void {
  before.after = after
  after.before = before
}
