import type { Event } from '../../contract/event.ts'
import { compileField } from '../compile/field.ts'

/** Of an event whose fields have several values, at most this many combinations are looked at. */
export const MOST_TUPLES = 100

/** One value of each field, in the order of the fields. */
export type Tuple = readonly string[]

/**
 * Reads the values of fields together: `principal` is `event.principal`, every other name an own field or an ECS field. A
 * field with several values gives a tuple for each; an event that lacks one of the fields gives none.
 */
export function compileTuples(names: readonly string[]): (event: Event) => readonly Tuple[] {
  const readers = names.map(compileReader)
  return (event) => {
    let tuples: readonly Tuple[] = [[]]
    for (const read of readers) {
      const values = read(event)
      tuples = tuples.flatMap((tuple) => values.map((value) => [...tuple, value])).slice(0, MOST_TUPLES)
    }
    return tuples
  }
}

/** A text that is the same for equal tuples and for no others. */
export function textOf(tuple: Tuple): string {
  return tuple.map((value) => `${value.length}:${value}`).join('')
}

function compileReader(name: string): (event: Event) => readonly string[] {
  if (name === 'principal') return ({ principal }) => (principal === undefined ? [] : [principal])
  const field = compileField(name)
  return (event) => {
    const values = new Set<string>()
    field.some(event, (value) => {
      if (typeof value === 'string') values.add(value)
      else if (typeof value === 'number' || typeof value === 'boolean') values.add(String(value))
      return values.size >= MOST_TUPLES
    })
    return [...values]
  }
}
