import type { Event } from '../../contract/event.ts'
import { compileField, type LeafTest } from '../compile/field.ts'
import { textOf } from '../compile/text.ts'

/** A field read as one value. `principal` is the event's principal; other names are found as rules find them. */
export interface ValueReader {
  readonly name: string
  /** Its text, so that 1 and "1" agree; several values are one text, in their order. Undefined where there is none. */
  text(event: Event): string | undefined
  /** Its first number; text that is a number counts as one. Undefined where there is none. */
  number(event: Event): number | undefined
}

export function valueReader(name: string): ValueReader {
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
    number: (event) => {
      number = undefined
      field.some(event, first)
      return number
    },
  }
}

/** The values of several fields as one text. Undefined where one is missing. */
export function joinedText(readers: readonly ValueReader[], event: Event): string | undefined {
  let joined = ''
  for (let at = 0; at < readers.length; at++) {
    const text = readers[at]?.text(event)
    if (text === undefined) return undefined
    joined = at === 0 ? text : `${joined}\u0000${text}`
  }
  return joined
}

/** Numbers beyond this are no measurements, and would overflow a sum. */
const GREATEST = 1e300

function numberOf(value: unknown): number | undefined {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return undefined
  const number = Number(value)
  return Math.abs(number) <= GREATEST ? number : undefined
}
