import type { Event, EventRef } from '../../contract/event.ts'
import type { KeyedHash } from '../../runtime/keyed-hash.ts'
import { compileField, type LeafTest } from '../compile/field.ts'
import { textOf } from '../compile/text.ts'
import { References } from './references.ts'

/** A field read as one value. `principal` is the event's principal; other names are found as rules find them. */
export interface ValueReader {
  readonly name: string
  /** Its text, so that 1 and "1" agree; several values are one text, in their order. Undefined where there is none. */
  text(event: Event): string | undefined
  /** Its first number; text that is a number counts as one. Undefined where there is none. */
  number(event: Event): number | undefined
}

function valueReader(name: string): ValueReader {
  const field = compileField(name)
  let text: string | undefined
  const join: LeafTest = (value) => {
    const one = textOf(value)
    if (one !== undefined) text = text === undefined ? one : `${text}\u0001${one}`
    return false
  }
  let number: number | undefined
  const first: LeafTest = (value) => (number = numberOf(value)) !== undefined
  return {
    name,
    text: (event) => {
      if (name === 'principal' && event.principal !== undefined) return event.principal
      text = undefined
      field.some(event, join)
      return text
    },
    number: onceEach<number | undefined>(undefined, (event) => {
      number = undefined
      field.some(event, first)
      return number
    }),
  }
}

/**
 * What correlations read of an event. They share it, and ask for the same one after the other: each list of fields is read
 * and hashed once an event.
 */
export class Reading {
  readonly references = new References()
  readonly #hash: KeyedHash
  readonly #readers = new Map<string, ValueReader>()
  readonly #hashed = new Map<string, HashReader>()
  #event: Event | undefined
  #ref = 0

  constructor(hash: KeyedHash) {
    this.#hash = hash
  }

  reader(name: string): ValueReader {
    const reader = this.#readers.get(name) ?? valueReader(name)
    this.#readers.set(name, reader)
    return reader
  }

  hashed(names: readonly string[]): HashReader {
    const key = names.join('\0')
    const readers = names.map((name) => this.reader(name))
    const reader =
      this.#hashed.get(key) ??
      onceEach(-1, (event) => {
        const text = joinedText(readers, event)
        return text === undefined ? -1 : this.#hash.of(text)
      })
    this.#hashed.set(key, reader)
    return reader
  }

  /** The number of the event among the references; it is good until the next event's is asked for. */
  ref(event: Event): number {
    if (event !== this.#event) {
      this.references.drop(this.#ref)
      this.#event = event
      this.#ref = this.references.enter(refOf(event))
    }
    return this.#ref
  }
}

/** The keyed hash of the values of several fields; -1 where one is missing. */
export type HashReader = (event: Event) => number

function onceEach<T>(first: T, read: (event: Event) => T): (event: Event) => T {
  let last: Event | undefined
  let known = first
  return (event) => {
    if (event === last) return known
    known = read(event)
    last = event
    return known
  }
}

/** The values of several fields as one text. Undefined where one is missing. */
function joinedText(readers: readonly ValueReader[], event: Event): string | undefined {
  let joined = ''
  for (let at = 0; at < readers.length; at++) {
    const text = readers[at]?.text(event)
    if (text === undefined) return undefined
    joined = at === 0 ? text : `${joined}\u0000${text}`
  }
  return joined
}

function refOf({ id, at, source, file, index }: Event): EventRef {
  if (file === undefined) return index === undefined ? { id, at, source } : { id, at, source, index }
  return index === undefined ? { id, at, source, file } : { id, at, source, file, index }
}

/** Numbers beyond this are no measurements, and would overflow a sum. */
const GREATEST = 1e300

function numberOf(value: unknown): number | undefined {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return undefined
  const number = Number(value)
  return Math.abs(number) <= GREATEST ? number : undefined
}
