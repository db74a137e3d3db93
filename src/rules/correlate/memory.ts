import type { StateChange } from '../../contract/detect.ts'
import type { Event, EventRef } from '../../contract/event.ts'
import type { RuleFacts } from '../../contract/rules.ts'
import type { KeyedHash } from '../../runtime/keyed-hash.ts'
import type { Correlation } from '../parse/syntax.ts'
import { Groups, type Room } from '../state/groups.ts'
import type { Memory, Sign } from '../state/stateful.ts'
import { windowCodec } from './codec.ts'
import { joinedText, valueReader, type ValueReader } from './fields.ts'
import { kindOf, type Kind } from './kinds.ts'
import { Window } from './window.ts'

/** Events may come this late, in event time after the newest of their group, unless a correlation is made otherwise. */
export const LATENESS_MS = 5 * 60_000
/** A group is forgotten when it was left alone for its timespan and this longer, in event time of the correlation. */
const FORGET_MS = 24 * 3_600_000

export interface CorrelationOptions {
  readonly room: Room
  readonly hash: KeyedHash
  /** Events later than this behind the newest of their group are not counted. Default 5 minutes. */
  readonly latenessMs?: number
}

/** What a correlation has left out, since it was made. */
export interface Counters {
  /** Events that came too late. */
  late: number
  /** Events without one of the group-by fields. */
  ungrouped: number
  /** Events without the field whose values are looked at. */
  valueless: number
  /** The oldest events of groups that held too many. */
  dropped: number
}

/** A rule that feeds a correlation: where it stands in it, and which of its fields are meant. */
interface Feed {
  readonly places: readonly number[]
  readonly groupBy: readonly ValueReader[]
  readonly fields: readonly ValueReader[]
  readonly groupFields: Readonly<Record<string, string>> | undefined
}

/** A rule's names in `aliases`, and the places at which `rules` lists it. */
export interface Fed {
  readonly id: string
  readonly called: readonly string[]
  readonly places: readonly number[]
}

/**
 * Remembers the events that feed a correlation, by group, and answers at every event after which the condition holds in a
 * window that the event is in. Windows slide: the one that ends at x is (x - timespan, x], in event time.
 */
export class CorrelationMemory implements Memory {
  readonly counters: Counters = { late: 0, ungrouped: 0, valueless: 0, dropped: 0 }
  readonly #facts: RuleFacts
  readonly #correlation: Correlation
  readonly #kind: Kind
  readonly #hash: KeyedHash
  readonly #latenessMs: number
  readonly #groups: Groups<Window>
  readonly #feeds: ReadonlyMap<string, Feed>
  readonly #make: () => Window
  /** The event taken last and its group: an event that several rules feed is one event. */
  #last: Event | undefined
  #lastKey = -1
  #isCounted = false
  #hasAnswered = false
  #newest = Number.NEGATIVE_INFINITY

  constructor(correlation: Correlation, feds: readonly Fed[], options: CorrelationOptions) {
    this.#facts = correlation.facts
    this.#correlation = correlation
    this.#hash = options.hash
    this.#latenessMs = options.latenessMs ?? LATENESS_MS
    const kind = kindOf(correlation, this.#latenessMs)
    this.#kind = kind
    this.#groups = new Groups(options.room, windowCodec(kind.shape))
    this.#feeds = new Map(feds.map((fed) => [fed.id, feedOf(correlation, fed)]))
    this.#make = () => new Window(kind.shape.make())
  }

  take(sign: Sign): Sign | undefined {
    const { event } = sign
    const feed = this.#feeds.get(sign.rule.id)
    const isAgain = event === this.#last
    if (!feed || (isAgain && this.#isCounted && this.#kind.isOneValueEach)) return undefined
    if (!isAgain) this.#hasAnswered = this.#isCounted = false
    this.#last = event
    const text = joinedText(feed.groupBy, event)
    if (text === undefined) {
      this.counters.ungrouped++
      return undefined
    }
    const value = this.#valueOf(feed, event)
    if (value === undefined) {
      this.counters.valueless++
      return undefined
    }
    const key = this.#hash.of(text)
    const isAmended = isAgain && key === this.#lastKey && this.#kind.isAmended
    this.#lastKey = key
    this.#isCounted = true
    const holds = this.#remember(key, sign, value, isAmended)
    if (!holds || this.#hasAnswered) return undefined
    this.#hasAnswered = true
    return this.#answer(sign, feed, holds)
  }

  changes(): readonly StateChange[] {
    return this.#groups.changes()
  }

  restore(change: StateChange): void {
    this.#groups.restore(change)
  }

  settle(): void {
    this.#groups.settle()
    for (const [, , at] of this.#groups.entries()) if (at > this.#newest) this.#newest = at
  }

  state(): Iterable<StateChange> {
    return this.#groups.state()
  }

  #valueOf(feed: Feed, event: Event): number | undefined {
    const { takes } = this.#kind
    if (takes === 'nothing') return 0
    if (takes === 'place') return feed.places[0] ?? 0
    if (takes === 'places') return feed.places.reduce((bits, place) => bits | (1 << place), 0)
    if (takes === 'number') return feed.fields[0]?.number(event)
    const text = joinedText(feed.fields, event)
    return text === undefined ? undefined : this.#hash.of(text)
  }

  /** The group's window when the condition holds in it. */
  #remember(key: number, sign: Sign, value: number, isAmended: boolean): Window | undefined {
    const { shape } = this.#kind
    const at = timeOf(sign.event, this.#latenessMs)
    const window = this.#groups.touch(key, at, this.#make)
    if (at < window.newest - this.#latenessMs) {
      this.counters.late++
      return undefined
    }
    if (at > this.#newest) {
      this.#newest = at
      this.#groups.expire(at - shape.timespanMs - this.#latenessMs - FORGET_MS)
    }
    if (isAmended) return window.amend(shape, at, value) ? window : undefined
    if (sign.events || this.#kind.isTemporal) window.hasRepeats = true
    if (sign.events) for (const ref of sign.events) window.addRef(at, ref)
    else window.addRef(at, refOf(sign.score?.event ?? sign.event))
    const { dropped } = window
    const holds = window.add(shape, at, value)
    this.counters.dropped += window.dropped - dropped
    return holds ? window : undefined
  }

  #answer(sign: Sign, { groupBy, groupFields }: Feed, window: Window): Sign {
    const { event, score } = sign
    const { number, count, since } = window // of now: the window goes on
    const { word, isTemporal } = this.#kind
    const { condition, timespanMs, rules } = this.#correlation
    const seen = isTemporal ? rules.filter((_, place) => window.seen & (1 << place)) : undefined
    return {
      rule: this.#facts,
      event,
      score,
      events: window.refsWithin(),
      ...(groupFields && { groupFields }),
      matched: () => ({
        ...Object.fromEntries(groupBy.map((reader) => [reader.name, reader.text(event)])),
        [word]: number,
        ...(word === 'count' ? {} : { count }),
        ...(seen && { rules: seen }),
        condition: condition.written,
        since: new Date(since).toISOString(),
        timespan: `${timespanMs / 1_000}s`,
      }),
    }
  }
}

function feedOf({ aliases, groupBy, condition }: Correlation, { called, places }: Fed): Feed {
  const renamed: Record<string, string> = {}
  for (const [alias, fields] of Object.entries(aliases))
    for (const name of called) if (Object.hasOwn(fields, name)) renamed[alias] = fields[name] ?? alias
  const read = (name: string): ValueReader => valueReader(Object.hasOwn(renamed, name) ? (renamed[name] ?? name) : name)
  return {
    places,
    groupBy: groupBy.map(read),
    fields: condition.kind === 'number' ? condition.fields.map(read) : [],
    groupFields: Object.keys(renamed).length > 0 ? renamed : undefined,
  }
}

/** When it happened; a clock that is ahead by more than `most` is not believed, because it would make all others late. */
function timeOf({ at, receivedAt }: Event, most: number): number {
  return Math.floor(receivedAt > 0 && at > receivedAt + most ? receivedAt : at)
}

function refOf({ id, at, source, file, index }: Event): EventRef {
  if (file === undefined) return index === undefined ? { id, at, source } : { id, at, source, index }
  return index === undefined ? { id, at, source, file } : { id, at, source, file, index }
}
