/** Levels of objects in `modelward.detail`; the mapping of the field (`flattened`) refuses documents with more than 5. */
const MOST_LEVELS = 4
/** Keys of one object, and items of one list. The rest is left out, and the key `…` says how many. */
const MOST_ENTRIES = 50
/** Characters of a key or a text; longer ones are cut and end in `…`. */
const MOST_CHARACTERS = 1024

/**
 * Free evidence made fit to be stored: bounded in depth, width and length, and nothing in it that JSON or Elasticsearch's
 * `flattened` type refuses. What lies deeper than the limit is kept as JSON text.
 */
export function boundedDetail(matched: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return boundedObject(Object.entries(matched), 1)
}

function boundedObject(entries: readonly (readonly [string, unknown])[], level: number): Record<string, unknown> {
  const kept = entries.slice(0, MOST_ENTRIES).map(([key, value]) => [safeKey(key), bounded(value, level)] as const)
  const bound: Record<string, unknown> = Object.fromEntries(kept)
  if (entries.length > MOST_ENTRIES) bound['…'] = `${entries.length - MOST_ENTRIES} more`
  return bound
}

function bounded(value: unknown, level: number): unknown {
  if (typeof value === 'string') return shortened(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'bigint') return value.toString()
  if (value === null || typeof value === 'boolean') return value
  if (Array.isArray(value)) {
    const items: unknown[] = value.slice(0, MOST_ENTRIES).map((item) => bounded(item, level))
    return value.length > MOST_ENTRIES ? [...items, `… ${value.length - MOST_ENTRIES} more`] : items
  }
  if (typeof value !== 'object') return undefined
  return level < MOST_LEVELS ? boundedObject(Object.entries(value), level + 1) : shortened(textOf(value))
}

function textOf(value: object): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return '(not JSON)'
  }
}

/** `flattened` refuses a NUL and an empty name in a key. */
function safeKey(key: string): string {
  return shortened(key.replaceAll('\0', '')) || '(empty)'
}

function shortened(text: string): string {
  return text.length <= MOST_CHARACTERS ? text.toWellFormed() : `${text.slice(0, MOST_CHARACTERS - 1).toWellFormed()}…`
}
