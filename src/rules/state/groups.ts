import type { StateChange } from '../../contract/detect.ts'
import { OWN_NUMBERS } from './rows.ts'
import { Slots } from './slots.ts'

/** Which of a slot's own numbers says that it was touched since it was written; the others are the state's. */
const HAS_CHANGED = OWN_NUMBERS - 1
const BLOCK = 36 ** 5

/** How a group's state is written down and read again. `decode` throws on what it did not write. */
export interface Codec<T> {
  /** Begins with `at`, eight bytes, a float, little-endian; `decode` is not given them. */
  encode(value: T, at: number): Uint8Array
  /** `slot`: the group's number, for a state that is held elsewhere. */
  decode(bytes: Uint8Array, slot: number): T
  /** Called when the group is forgotten, where its state is held elsewhere. */
  release?(value: T): void
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

/**
 * What one rule remembers, by group: group key (a keyed hash of the group's values, so that nothing clear is stored) -> state.
 * Bounded by the room it shares and by time; every change is kept to be stored. Touching a group that is there is one look-up
 * and allocates nothing.
 */
export class Groups<T> implements Holder {
  readonly #room: Room
  readonly #codec: Codec<T>
  readonly #slots: Slots
  /** By slot. */
  readonly #values: (T | undefined)[] = []
  /** Keys of groups that were touched or forgotten since they were last written. */
  #changed: number[] = []
  readonly #gone = new Set<number>()

  /** `slots`: where groups are numbered, for a state that is numbers in them. */
  constructor(room: Room, codec: Codec<T>, slots = new Slots()) {
    this.#room = room
    this.#slots = slots
    this.#codec = codec
    room.join(this)
  }

  get size(): number {
    return this.#slots.size
  }

  get(key: number): T | undefined {
    const slot = this.#slots.find(key)
    return slot < 0 ? undefined : this.#values[slot]
  }

  /** The group's state, made by `make` where there is none; it counts as changed and as touched at `at` (event time, epoch ms). */
  touch(key: number, at: number, make: (slot: number) => T): T {
    return this.#values[this.touchSlot(key, at, make)] as T
  }

  /** As `touch`, but answers the group's slot. */
  touchSlot(key: number, at: number, make: (slot: number) => T): number {
    const slots = this.#slots
    let slot = slots.find(key)
    if (slot < 0) {
      slot = this.#enter(key, at)
      this.#values[slot] = make(slot)
    } else slots.touch(slot, at)
    const { numbers } = slots
    const hasChanged = slots.numbersOf(slot) + HAS_CHANGED
    if (numbers[hasChanged] === 0) {
      numbers[hasChanged] = 1
      this.#changed.push(key)
    }
    return slot
  }

  delete(key: number): void {
    const slot = this.#slots.find(key)
    if (slot >= 0) this.#delete(slot)
  }

  /** Forgets groups last touched before `before`; looks only at the oldest until one is younger. */
  expire(before: number): void {
    const slots = this.#slots
    while (slots.first >= 0 && slots.timeOf(slots.first) < before) this.#delete(slots.first)
  }

  /** Groups, those left alone longest first; the one that was handed out may be deleted. */
  *entries(): IterableIterator<[key: number, value: T, at: number]> {
    const slots = this.#slots
    for (let slot = slots.first, after = -1; slot >= 0; slot = after) {
      after = slots.after(slot)
      yield [slots.keyOf(slot), this.#values[slot] as T, slots.timeOf(slot)]
    }
  }

  evictOldest(): boolean {
    const { first } = this.#slots
    if (first < 0) return false
    this.#delete(first)
    return true
  }

  changes(): readonly StateChange[] {
    const keys = this.#gone.size > 0 ? new Set([...this.#changed, ...this.#gone]) : this.#changed
    this.#changed = []
    this.#gone.clear()
    const changes: StateChange[] = []
    for (const key of keys) {
      const slot = this.#slots.find(key)
      if (slot >= 0) this.#slots.numbers[this.#slots.numbersOf(slot) + HAS_CHANGED] = 0
      changes.push(slot < 0 ? { key: textOf(key), value: null } : this.#write(slot))
    }
    return changes
  }

  *state(): IterableIterator<StateChange> {
    for (let slot = this.#slots.first; slot >= 0; slot = this.#slots.after(slot)) yield this.#write(slot)
  }

  /** What cannot be read is forgotten. The order of restoring is the order of forgetting only as far as times differ. */
  restore({ key: text, value }: StateChange): void {
    const key = Number.parseInt(text, 36)
    if (value === null || value.byteLength < 8 || !Number.isSafeInteger(key) || key < 0 || this.#slots.find(key) >= 0)
      return
    const at = new DataView(value.buffer, value.byteOffset, 8).getFloat64(0, true)
    const slot = this.#enter(key, at)
    try {
      this.#values[slot] = this.#codec.decode(value.subarray(8), slot)
    } catch {
      this.#leave(slot)
    }
  }

  /** Call once after restoring: the oldest stand first again. */
  settle(): void {
    this.#slots.sort()
  }

  #enter(key: number, at: number): number {
    this.#room.enter()
    return this.#slots.enter(key, at)
  }

  #delete(slot: number): void {
    this.#codec.release?.(this.#values[slot] as T)
    this.#leave(slot)
  }

  #leave(slot: number): void {
    this.#values[slot] = undefined
    this.#gone.add(this.#slots.keyOf(slot))
    this.#slots.remove(slot)
    this.#room.held--
  }

  #write(slot: number): StateChange {
    const at = this.#slots.timeOf(slot)
    return { key: textOf(this.#slots.keyOf(slot)), value: this.#codec.encode(this.#values[slot] as T, at) }
  }
}

/** `key.toString(36)`, eight times as quick because no number is so large that it is no small integer inside V8. */
function textOf(key: number): string {
  const high = Math.floor(key / BLOCK)
  return high === 0 ? key.toString(36) : high.toString(36) + (key - high * BLOCK).toString(36).padStart(5, '0')
}
