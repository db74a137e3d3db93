import type { Evidence, EvidenceEvent, EvidenceScore } from '../contract/alert.ts'
import type { Score } from '../contract/detect.ts'
import type { EcsFields, EcsValue, Event, EventRef } from '../contract/event.ts'
import type { Finding } from '../contract/rules.ts'
import { Scrubber } from './seal.ts'

const MOST_CHARACTERS = 512
const MOST_ELEMENTS = 20
const MOST_KEYS = 60
const MOST_DEPTH = 4
/** One evidence is never larger than about twice this, whatever a record holds. */
const MOST_SIZE = 8_192

/** A finding as it may be stored: identities as pseudonyms, sealed text left out, everything bounded and plain JSON. */
export function evidenceOf({ event, score, matched, events }: Finding): Evidence {
  const on = score?.event ?? event
  const scrubber = new Scrubber(on)
  return {
    event: placeOf(on),
    matched: new Trim(scrubber).object(matched, '', 0),
    ecs: ecsOf(on.ecs),
    ...(score === undefined ? {} : { score: scoreOf(score, scrubber) }),
    ...(events === undefined ? {} : { events: events.slice(-MOST_ELEMENTS).map(shortRef) }),
  }
}

/** At most 512 characters of well-formed text; what was cut ends in `…`. */
export function shortened(text: string): string {
  const short = text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS - 1)}…`
  return short.isWellFormed() ? short : short.toWellFormed()
}

function shortRef(ref: EventRef): EventRef {
  return ref.file === undefined ? ref : { ...ref, file: shortened(ref.file) }
}

function placeOf({ id, at, source, format, file, index }: Event): EvidenceEvent {
  return {
    id,
    at,
    source,
    format,
    ...(file === undefined ? {} : { file: shortened(file) }),
    ...(index === undefined ? {} : { index }),
  }
}

function scoreOf(score: Score, scrubber: Scrubber): EvidenceScore {
  const { detector, p, e, direction, explain } = score
  const clean = (text: string): string => shortened(scrubber.string(text))
  return {
    detector,
    p: p === null ? null : finite(p),
    ...(e === undefined ? {} : { e: finite(e) }),
    direction: clean(direction),
    feature: clean(explain.feature),
    seen: finite(explain.seen),
    expected: explain.expected === null ? null : finite(explain.expected),
    text: clean(explain.text),
    ...(explain.exemplars === undefined ? {} : { exemplars: explain.exemplars.slice(0, MOST_ELEMENTS).map(shortened) }),
  }
}

/** JSON has no infinity, no NaN and no negative zero. */
function finite(value: number): number {
  if (Number.isNaN(value) || value === 0) return 0
  return Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE)
}

/** The ECS view is free of secrets by contract; here it is only bounded. */
function ecsOf(ecs: EcsFields): EcsFields {
  const kept: [string, EcsValue][] = []
  let left = MOST_SIZE
  for (const [name, value] of Object.entries(ecs)) {
    const short = shortValue(value)
    left -= name.length + sizeOf(short)
    if (left < 0 || kept.length >= 4 * MOST_KEYS) break
    kept.push([name, short])
  }
  return Object.fromEntries(kept)
}

function shortValue(value: EcsValue): EcsValue {
  if (typeof value === 'string') return shortened(value)
  if (typeof value === 'number') return finite(value)
  if (typeof value === 'boolean') return value
  return value.slice(0, MOST_ELEMENTS).map((element) => shortScalar(element))
}

function shortScalar(value: string | number | boolean): string | number | boolean {
  if (typeof value === 'string') return shortened(value)
  return typeof value === 'number' ? finite(value) : value
}

function sizeOf(value: EcsValue): number {
  if (typeof value === 'string') return value.length
  return typeof value === 'object' ? value.reduce<number>((sum, element) => sum + String(element).length, 0) : 8
}

/** Copies a value into plain JSON within the limits, taking secrets out on the way. */
class Trim {
  readonly #scrubber: Scrubber
  #left = MOST_SIZE

  constructor(scrubber: Scrubber) {
    this.#scrubber = scrubber
  }

  object(value: object, path: string, depth: number): Record<string, unknown> {
    const kept: [string, unknown][] = []
    for (const [key, inner] of Object.entries(value)) {
      if (kept.length >= MOST_KEYS || this.#left <= 0) break
      const copy = this.#value(inner, path === '' ? key : `${path}.${key}`, depth + 1)
      if (copy !== undefined) kept.push([this.#string(key), copy])
    }
    return Object.fromEntries(kept)
  }

  #value(value: unknown, path: string, depth: number): unknown {
    const sealed = this.#scrubber.at(path)
    if (sealed) return sealed.value
    if (value === null || typeof value === 'boolean') return value
    if (typeof value === 'number') return finite(value)
    if (typeof value === 'string') return this.#string(value)
    if (typeof value === 'bigint') return value.toString()
    if (typeof value !== 'object') return undefined
    if (depth >= MOST_DEPTH) return '…'
    return listOf(value) ? this.#list(listOf(value) ?? [], path, depth) : this.object(value, path, depth)
  }

  #list(value: readonly unknown[], path: string, depth: number): unknown[] {
    return value
      .slice(0, MOST_ELEMENTS)
      .map((element) => this.#value(element, path, depth + 1))
      .filter((element) => element !== undefined)
  }

  #string(value: string): string {
    const clean = shortened(this.#scrubber.string(value))
    if (clean.length > this.#left) return '…'
    this.#left -= clean.length
    return clean
  }
}

function listOf(value: object): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value
  return ArrayBuffer.isView(value) && Symbol.iterator in value ? Array.from(value as Float32Array) : undefined
}
