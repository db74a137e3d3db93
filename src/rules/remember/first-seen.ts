import type { StateChange } from '../../contract/detect.ts'
import type { KeyedHash } from '../../runtime/keyed-hash.ts'
import type { FirstSeen } from '../parse/syntax.ts'
import { Groups, type Codec, type Room } from '../state/groups.ts'
import type { Memory, Sign } from '../state/stateful.ts'
import { readTime, writeTimes } from './times.ts'
import { compileTuples, textOf } from './tuples.ts'

interface Seen {
  /** Epoch ms. */
  last: number
}

const SEEN: Codec<Seen> = {
  encode: ({ last }, at) => writeTimes(at, last),
  decode: (bytes) => ({ last: readTime(bytes) }),
}

/** The key of the time at which learning began; no group has it, for theirs are numbers. */
const BEGUN = '@'

/**
 * Lets an event pass whose values were not seen together within `remember`, once `learning` is over. Every event teaches,
 * also one that passes. Time is event time, but never later than the event was received, so that one record with a clock
 * that runs ahead makes nothing old. Kept of each tuple: its keyed hash and when it was last seen. Where the room for
 * groups is used up, the tuple that was left alone longest is forgotten and would be new again.
 */
export class FirstSeenMemory implements Memory {
  readonly #rule: FirstSeen
  readonly #hash: KeyedHash
  readonly #tuplesOf: ReturnType<typeof compileTuples>
  readonly #groups: Groups<Seen>
  #begun: number | undefined
  #begunChanged = false

  constructor(rule: FirstSeen, room: Room, hash: KeyedHash) {
    this.#rule = rule
    this.#hash = hash
    this.#tuplesOf = compileTuples(rule.fields)
    this.#groups = new Groups(room, SEEN)
  }

  take(sign: Sign): Sign | undefined {
    const { event } = sign
    const at = Math.min(event.at, event.receivedAt)
    const tuples = this.#tuplesOf(event)
    if (tuples.length === 0) return undefined
    if (this.#begun === undefined) {
      this.#begun = at
      this.#begunChanged = true
    }
    const isLearning = at < this.#begun + this.#rule.learningMs
    // Every tuple of the event is learned, whichever is new.
    const fresh = tuples.filter((tuple) => this.#isNew(this.#hash.of(textOf(tuple)), at))
    this.#groups.expire(at - this.#rule.rememberMs)
    const [first] = fresh
    if (isLearning || !first) return undefined
    const values = Object.fromEntries(this.#rule.fields.map((name, place) => [name, first[place]]))
    return { ...sign, matched: () => ({ ...sign.matched(), ...values }) }
  }

  changes(): readonly StateChange[] {
    const changes = this.#groups.changes()
    if (!this.#begunChanged || this.#begun === undefined) return changes
    this.#begunChanged = false
    return [{ key: BEGUN, value: writeTimes(this.#begun) }, ...changes]
  }

  restore(change: StateChange): void {
    if (change.key !== BEGUN) this.#groups.restore(change)
    else if (change.value?.byteLength === 8) this.#begun = readTime(change.value)
  }

  settle(): void {
    this.#groups.settle()
  }

  *state(): IterableIterator<StateChange> {
    if (this.#begun !== undefined) yield { key: BEGUN, value: writeTimes(this.#begun) }
    yield* this.#groups.state()
  }

  /** Learns a tuple; whether it was new. */
  #isNew(key: number, at: number): boolean {
    const before = this.#groups.get(key)?.last
    const seen = this.#groups.touch(key, at, () => ({ last: at }))
    if (before !== undefined && at > before) seen.last = at
    return before === undefined || at - before > this.#rule.rememberMs
  }
}
