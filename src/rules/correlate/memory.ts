import type { StateChange } from '../../contract/detect.ts'
import type { Event } from '../../contract/event.ts'
import type { RuleFacts } from '../../contract/rules.ts'
import type { KeyedHash } from '../../runtime/keyed-hash.ts'
import type { Correlation } from '../parse/syntax.ts'
import { Groups, type Room } from '../state/groups.ts'
import type { Rows } from '../state/rows.ts'
import type { Memory, Sign } from '../state/stateful.ts'
import { windowCodec } from './codec.ts'
import type { HashReader, Reading, ValueReader } from './fields.ts'
import { kindOf, takesNumbers, type Kind } from './kinds.ts'
import type { Pool } from './pool.ts'
import { Windows } from './window.ts'

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

/** What correlations that stand side by side share; `rows` only those that hold the same groups (see `groupsOf`). */
export interface Shared {
  readonly rows: Rows
  readonly reading: Reading
  /** For windows whose events have values, and for those whose events have none. */
  readonly valued: Pool
  readonly valueless: Pool
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
  readonly groupBy: readonly ValueReader[]
  readonly key: HashReader
  /** Of a measured field its number, of counted ones their hash. */
  readonly field: ValueReader | undefined
  readonly value: HashReader
  /** Its first place, and all as bits. */
  readonly place: number
  readonly bits: number
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
  readonly #latenessMs: number
  readonly #reading: Reading
  readonly #windows: Windows
  readonly #groups: Groups<number>
  readonly #feeds: ReadonlyMap<string, Feed>
  readonly #make: (slot: number) => number
  #lastRule: RuleFacts | undefined
  #lastFeed: Feed | undefined
  /** The event taken last and its group: an event that several rules feed is one event. */
  #last: Event | undefined
  #lastKey = -1
  #isCounted = false
  #hasAnswered = false
  #newest = Number.NEGATIVE_INFINITY

  constructor(correlation: Correlation, feds: readonly Fed[], options: CorrelationOptions, shared: Shared) {
    this.#facts = correlation.facts
    this.#correlation = correlation
    this.#latenessMs = options.latenessMs ?? LATENESS_MS
    const kind = kindOf(correlation, this.#latenessMs)
    this.#kind = kind
    this.#reading = shared.reading
    this.#windows = new Windows(
      kind.shape,
      kind.shape.values === 'none' ? shared.valueless : shared.valued,
      shared.reading.references,
      shared.rows,
    )
    this.#groups = new Groups(options.room, windowCodec(this.#windows, kind.shape), this.#windows.slots)
    this.#feeds = new Map(feds.map((fed) => [fed.id, feedOf(correlation, fed, shared.reading)]))
    this.#make = (slot) => {
      this.#windows.make(slot)
      return slot
    }
  }

  take(sign: Sign): Sign | undefined {
    const { event } = sign
    const feed = this.#feedOf(sign.rule)
    const isAgain = event === this.#last
    if (!feed || (isAgain && this.#isCounted && this.#kind.isOneValueEach)) return undefined
    if (!isAgain) this.#hasAnswered = this.#isCounted = false
    this.#last = event
    const key = feed.key(event)
    if (key < 0) {
      this.counters.ungrouped++
      return undefined
    }
    const value = this.#valueOf(feed, event)
    if (value === undefined) {
      this.counters.valueless++
      return undefined
    }
    const isAmended = isAgain && key === this.#lastKey && this.#kind.isAmended
    this.#lastKey = key
    this.#isCounted = true
    const holds = this.#remember(key, sign, value, isAmended)
    if (!holds || this.#hasAnswered) return undefined
    this.#hasAnswered = true
    return this.#answer(sign, feed)
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

  #feedOf(rule: RuleFacts): Feed | undefined {
    if (rule !== this.#lastRule) {
      this.#lastRule = rule
      this.#lastFeed = this.#feeds.get(rule.id)
    }
    return this.#lastFeed
  }

  #valueOf(feed: Feed, event: Event): number | undefined {
    const { takes } = this.#kind
    if (takes === 'nothing') return 0
    if (takes === 'place') return feed.place
    if (takes === 'places') return feed.bits
    if (takes === 'number') return feed.field?.number(event)
    const hash = feed.value(event)
    return hash < 0 ? undefined : hash
  }

  /** Whether the condition holds in the group's window, which is open then. */
  #remember(key: number, sign: Sign, value: number, isAmended: boolean): boolean {
    const { shape } = this.#kind
    const windows = this.#windows
    const at = timeOf(sign.event, this.#latenessMs)
    if (at > this.#newest) {
      this.#newest = at
      this.#groups.expire(at - shape.timespanMs - this.#latenessMs - FORGET_MS)
    }
    windows.open(this.#groups.touchSlot(key, at, this.#make))
    if (at < windows.newest - this.#latenessMs) {
      this.counters.late++
      return false
    }
    if (isAmended) return windows.amend(at, value)
    const holds = this.#add(at, value, sign)
    this.counters.dropped = windows.dropped
    return holds
  }

  #add(at: number, value: number, { events, event, score }: Sign): boolean {
    if (!events) return this.#windows.add(at, value, this.#reading.ref(score?.event ?? event))
    const { references } = this.#reading
    const refs = references.enter(events)
    const holds = this.#windows.add(at, value, refs)
    references.drop(refs)
    return holds
  }

  #answer(sign: Sign, { groupBy, groupFields }: Feed): Sign {
    const { event, score } = sign
    const { number, count, since, seen } = this.#windows // of now: the window goes on
    const { word, isTemporal } = this.#kind
    const { condition, timespanMs, rules } = this.#correlation
    return {
      rule: this.#facts,
      event,
      score,
      events: this.#windows.refsWithin(isTemporal),
      ...(groupFields && { groupFields }),
      matched: () => ({
        ...Object.fromEntries(groupBy.map((reader) => [reader.name, reader.text(event)])),
        [word]: number,
        ...(word === 'count' ? {} : { count }),
        ...(isTemporal && { rules: rules.filter((_, place) => seen & (1 << place)) }),
        condition: condition.written,
        since: new Date(since).toISOString(),
        timespan: `${timespanMs / 1_000}s`,
      }),
    }
  }
}

/** What a correlation reads of the events of one rule; `renamed`: of its aliases, those that the rule has a field for. */
interface Names {
  readonly groupBy: readonly string[]
  readonly fields: readonly string[]
  readonly renamed: Readonly<Record<string, string>>
}

function namesOf({ aliases, groupBy, condition }: Correlation, { called }: Fed): Names {
  const renamed: Record<string, string> = {}
  for (const [alias, fields] of Object.entries(aliases))
    for (const name of called) if (Object.hasOwn(fields, name)) renamed[alias] = fields[name] ?? alias
  const nameOf = (name: string): string => (Object.hasOwn(renamed, name) ? (renamed[name] ?? name) : name)
  const fields = condition.kind === 'number' ? condition.fields : []
  return { groupBy: groupBy.map(nameOf), fields: fields.map(nameOf), renamed }
}

/** Which groups a correlation comes to hold: those of which this is the same text hold the same, as long as they are fed alike. */
export function groupsOf(correlation: Correlation, feds: readonly Fed[]): string {
  const read = feds.map((fed) => {
    const { groupBy, fields } = namesOf(correlation, fed)
    return JSON.stringify([fed.id, groupBy, fields])
  })
  return [takesNumbers(correlation), ...read.toSorted()].join('\n')
}

function feedOf(correlation: Correlation, fed: Fed, reading: Reading): Feed {
  const { groupBy: names, fields, renamed } = namesOf(correlation, fed)
  const { places } = fed
  const [field] = fields
  return {
    groupBy: names.map((name) => reading.reader(name)),
    key: reading.hashed(names),
    field: field === undefined ? undefined : reading.reader(field),
    value: reading.hashed(fields),
    place: places[0] ?? 0,
    bits: places.reduce((bits, place) => bits | (1 << place), 0),
    groupFields: Object.keys(renamed).length > 0 ? renamed : undefined,
  }
}

/** When it happened; a clock that is ahead by more than `most` is not believed, because it would make all others late. */
function timeOf({ at, receivedAt }: Event, most: number): number {
  return Math.floor(receivedAt > 0 && at > receivedAt + most ? receivedAt : at)
}
