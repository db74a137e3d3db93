import { z } from 'zod'

/** How far the journal has been read: everything before `at`, and of the body that begins there its first `records` records. */
export interface JournalPosition {
  readonly at: number
  readonly records?: number
}

const Stored = z.object({ at: z.number().int().nonnegative(), records: z.number().int().positive().optional() })

export function formatPosition(position: JournalPosition): string {
  return JSON.stringify(position)
}

/** The beginning when nothing is stored; an unreadable value is the beginning too: twice is better than never. */
export function parsePosition(value: string | undefined): JournalPosition {
  if (value === undefined) return { at: 0 }
  try {
    const { at, records } = Stored.parse(JSON.parse(value))
    return records === undefined ? { at } : { at, records }
  } catch {
    return { at: 0 }
  }
}
