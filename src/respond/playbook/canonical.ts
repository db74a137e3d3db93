import { hash } from 'node:crypto'

/** sha256, hex, over a JSON value with its keys sorted: equal values, equal digests, whatever the order they were written in. */
export function digestOf(value: unknown): string {
  return hash('sha256', JSON.stringify(sorted(value)))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, child]) => child !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, child]) => [key, sorted(child)]),
  )
}
