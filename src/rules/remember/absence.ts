import { hash } from 'node:crypto'
import type { StateChange } from '../../contract/detect.ts'
import type { Event, Fields, Logsource } from '../../contract/event.ts'
import type { RuleFacts } from '../../contract/rules.ts'
import { base32 } from '../../runtime/base32.ts'
import type { KeyedHash } from '../../runtime/keyed-hash.ts'
import type { Absence } from '../parse/syntax.ts'
import { Groups, type Codec, type Room } from '../state/groups.ts'
import type { Memory, Sign } from '../state/stateful.ts'
import { readTime, writeTimes } from './times.ts'
import { compileTuples, textOf, type Tuple } from './tuples.ts'

/** Log source of the event that stands for a heartbeat that stayed away. */
const ABSENCE: Logsource = Object.freeze({ product: 'modelward', category: 'absence' })

interface Heard {
  /** By the clock, epoch ms. */
  last: number
  /** Group values that may be shown; not stored, so a restored group has none before its next heartbeat. */
  shown: Fields
  principal?: string | undefined
}

const HEARD: Codec<Heard> = {
  encode: ({ last }, at) => writeTimes(at, last),
  decode: (bytes) => ({ last: readTime(bytes), shown: {} }),
}

/** The key of since when it was listened and of the clock; no group has it, for theirs are numbers. */
const CLOCK = '@'
/** A judge that takes over within this time of the other's clock goes on with its count. */
export const HANDOVER_MS = 60_000

/**
 * Finds heartbeats missing. The clock is what `tick` gets: the daemon's, or in a replay event time. A heartbeat was heard
 * when the clock was last read, or at its own time where that is later and not after its reception: in the daemon at most
 * one tick before it was taken, in a replay at its event time. Who did not listen cannot tell: after a start every group
 * has `timespan` from the first tick on. At a reload the new judge takes over at once and goes on with the count.
 *
 * A group is known from its first event on. One that is found missing is told of once and forgotten, and known again from
 * its next event on. Kept of each: the keyed hash of its values, and when it was last heard. Where the room for groups is
 * used up, the one that was left alone longest is forgotten and not told of.
 */
export class AbsenceMemory implements Memory {
  readonly #facts: RuleFacts
  readonly #rule: Absence
  readonly #keyed: KeyedHash
  readonly #tuplesOf: (event: Event) => readonly Tuple[]
  readonly #groups: Groups<Heard>
  /** The latest time known, of ticks and of heartbeats. */
  #clock = Number.NEGATIVE_INFINITY
  /** Since when it was listened without a gap; undefined before the first tick. */
  #since: number | undefined
  #handover: { readonly since: number; readonly clock: number } | undefined

  constructor(facts: RuleFacts, rule: Absence, room: Room, keyed: KeyedHash) {
    this.#facts = facts
    this.#rule = rule
    this.#keyed = keyed
    this.#tuplesOf = compileTuples(rule.groupBy)
    this.#groups = new Groups(room, HEARD)
  }

  /** Hears a heartbeat. Nothing passes: only silence makes a sign. */
  take({ event }: Sign): undefined {
    this.#clock = Math.max(this.#clock, Math.min(event.at, event.receivedAt))
    for (const tuple of this.#tuplesOf(event)) {
      const heard = this.#groups.touch(this.#keyed.of(textOf(tuple)), this.#clock, () => ({ last: 0, shown: {} }))
      heard.last = this.#clock
      heard.shown = this.#shown(event, tuple)
      heard.principal = this.#rule.groupBy.includes('principal') ? event.principal : undefined
    }
  }

  tick(now: number): readonly Sign[] {
    this.#clock = Math.max(this.#clock, now)
    this.#since ??= this.#handover && now - this.#handover.clock <= HANDOVER_MS ? this.#handover.since : now
    const signs: Sign[] = []
    if (now - this.#since < this.#rule.timespanMs) return signs
    for (const [key, heard] of this.#groups.entries()) {
      if (now - heard.last < this.#rule.timespanMs) break
      signs.push(this.#sign(key, heard, now))
      this.#groups.delete(key)
    }
    return signs
  }

  changes(): readonly StateChange[] {
    return this.#groups.changes()
  }

  restore(change: StateChange): void {
    if (change.key !== CLOCK) this.#groups.restore(change)
    else if (change.value?.byteLength === 16)
      this.#handover = { since: readTime(change.value), clock: readTime(change.value, 8) }
  }

  settle(): void {
    this.#groups.settle()
  }

  /** The groups, and for a judge that takes over at once the clock: it is in no `changes`, so it outlives no restart. */
  *state(): IterableIterator<StateChange> {
    if (this.#since !== undefined) yield { key: CLOCK, value: writeTimes(this.#since, this.#clock) }
    yield* this.#groups.state()
  }

  /** Group values but for clear identities and texts, which the record's own fields may hold. */
  #shown({ sealed }: Event, tuple: Tuple): Fields {
    const isSealed = (name: string): boolean =>
      [...sealed.identity, ...sealed.text].some((path) => touches(name, path.replaceAll(/\.\d+(?=\.|$)/g, '')))
    const shown = this.#rule.groupBy.map((name, place) => [name, tuple[place]] as const)
    return Object.fromEntries(shown.filter(([name]) => name === 'principal' || !isSealed(name)))
  }

  /** The event that stands for what did not come: fields `group` (the key), `last_seen`, `timespan` (seconds) and the values. */
  #sign(key: number, { last, shown, principal }: Heard, now: number): Sign {
    const group = key.toString(36)
    const fields: Fields = {
      ...shown,
      ...(this.#rule.groupBy.length === 0 ? {} : { group }),
      last_seen: new Date(last).toISOString(),
      timespan: this.#rule.timespanMs / 1000,
    }
    const event: Event = {
      id: base32(hash('sha256', `${this.#facts.id}\n${group}\n${last}`, 'buffer'), 26),
      at: now,
      receivedAt: now,
      source: 'absence',
      format: 'absence',
      logsource: ABSENCE,
      fields,
      sealed: { identity: [], text: [] },
      ecs: { 'event.action': 'absence' },
      ...(principal === undefined ? {} : { principal }),
    }
    return { rule: this.#facts, event, matched: () => fields }
  }
}

function touches(name: string, path: string): boolean {
  return name === path || name.startsWith(`${path}.`) || path.startsWith(`${name}.`)
}
