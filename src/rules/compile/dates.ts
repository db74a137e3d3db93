import type { TimePart } from '../parse/syntax.ts'

const DAY_MS = 86_400_000
/** Numbers below are epoch seconds (until the year 5138), above epoch milliseconds (from 1973 on). */
const FIRST_MS = 100_000_000_000
/** The last moment that a date with a year of four digits can name, epoch ms. */
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/**
 * A part of a date in UTC; undefined where the value is no date. A date is ISO 8601 (`2026-01-05`, `2026-01-05T23:30:00Z`, a
 * space for the T, an offset such as +02:00, without one UTC) or epoch seconds or milliseconds, also written as text.
 */
export function partOfDate(value: unknown, part: TimePart): number | undefined {
  const ms = typeof value === 'number' ? readEpoch(value) : typeof value === 'string' ? readText(value) : undefined
  return ms === undefined ? undefined : PARTS[part](new Date(ms))
}

const PARTS: Readonly<Record<TimePart, (date: Date) => number>> = {
  minute: (date) => date.getUTCMinutes(),
  hour: (date) => date.getUTCHours(),
  day: (date) => date.getUTCDate(),
  week: weekOf,
  month: (date) => date.getUTCMonth() + 1,
  year: (date) => date.getUTCFullYear(),
}

/** ISO 8601: weeks begin on Monday, and a week belongs to the year of its Thursday. */
function weekOf(date: Date): number {
  const thursday = new Date(date.getTime() + (3 - ((date.getUTCDay() + 6) % 7)) * DAY_MS)
  return 1 + Math.floor((thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / (7 * DAY_MS))
}

function readEpoch(value: number): number | undefined {
  const ms = value < FIRST_MS ? value * 1000 : value
  return value >= 0 && ms <= LAST_MS ? ms : undefined
}

/** Fewer digits than nine are more likely a date without dashes, or no date. */
const EPOCH = /^\d{9,15}(?:\.\d+)?$/
const ISO =
  /^(\d{4}-\d\d-\d\d)(?:[T ]((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?)\s?(?:Z|UTC|([+-])([01]\d|2[0-3]):?([0-5]\d))?)?$/i

function readText(value: string): number | undefined {
  if (EPOCH.test(value)) return readEpoch(Number(value))
  const match = ISO.exec(value)
  if (!match) return undefined
  const [, day = '', time = '00:00', sign, hours = '0', minutes = '0'] = match
  const start = Date.parse(`${day}T00:00:00Z`)
  // A day that its month does not have moves into the next month, or is no date at all.
  if (Number.isNaN(start) || !new Date(start).toISOString().startsWith(day)) return undefined
  const [hour = 0, minute = 0] = time.split(':').map((text) => Number.parseInt(text, 10))
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1)
  return start + (hour * 60 + minute - offset) * 60_000
}
