/**
 * Epoch milliseconds of what telemetry writes for a time: seconds, milli-, micro- or nanoseconds as a number or digits
 * (told apart by size), ISO 8601 with `T` or a space and any number of fraction digits, or the access-log form
 * `10/Oct/2000:13:55:36 -0700`. Without a zone it is UTC. Undefined for anything else.
 */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === 'number') return fromNumber(value)
  if (typeof value !== 'string' || value.length < 8 || value.length > 40) return undefined
  if (value.charCodeAt(4) === DASH) return fromIso(value)
  if (value.charCodeAt(2) === SLASH) return fromAccessLog(value)
  return DIGITS.test(value) ? fromNumber(Number(value)) : undefined
}

const DASH = 0x2d
const SLASH = 0x2f
const DIGITS = /^\d+(\.\d+)?$/

function fromNumber(value: number): number | undefined {
  if (!(value > 0 && value < 1e20)) return undefined
  if (value < 1e11) return Math.round(value * 1e3)
  if (value < 1e14) return Math.floor(value)
  return Math.floor(value < 1e17 ? value / 1e3 : value / 1e6)
}

function fromIso(text: string): number | undefined {
  const date = Date.UTC(digits(text, 0, 4), digits(text, 5, 2) - 1, digits(text, 8, 2))
  if (text.length === 10) return known(date)
  const seconds = digits(text, 11, 2) * 3600 + digits(text, 14, 2) * 60 + digits(text, 17, 2)
  let at = 19
  let fraction = 0
  if (text.charCodeAt(at) === 0x2e)
    for (let scale = 100, digit; (digit = digits(text, ++at, 1)) >= 0; scale /= 10) fraction += digit * scale
  const zone = zoneMinutes(text, at)
  return known(date + seconds * 1e3 + Math.floor(fraction + 1e-9) - zone * 60_000)
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function fromAccessLog(text: string): number | undefined {
  const month = MONTHS.indexOf(text.slice(3, 6))
  if (month < 0) return undefined
  const date = Date.UTC(digits(text, 7, 4), month, digits(text, 0, 2))
  const seconds = digits(text, 12, 2) * 3600 + digits(text, 15, 2) * 60 + digits(text, 18, 2)
  const at = text.indexOf(' ', 20)
  return known(date + seconds * 1e3 - (at < 0 ? 0 : zoneMinutes(text, at + 1)) * 60_000)
}

/** `Z`, nothing, `+05:30` or `+0530`. NaN for anything else. */
function zoneMinutes(text: string, at: number): number {
  if (at === text.length || text === '') return 0
  const sign = text.charCodeAt(at)
  if (sign === 0x5a || sign === 0x7a) return at + 1 === text.length ? 0 : Number.NaN
  if (sign !== 0x2b && sign !== DASH) return Number.NaN
  const colon = text.charCodeAt(at + 3) === 0x3a ? 1 : 0
  const minutes = text.length === at + 3 ? 0 : digits(text, at + 3 + colon, 2)
  return (digits(text, at + 1, 2) * 60 + minutes) * (sign === DASH ? -1 : 1)
}

/** `count` decimal digits at `at`; NaN when one is none. */
function digits(text: string, at: number, count: number): number {
  let value = 0
  for (let index = 0; index < count; index++) {
    const digit = text.charCodeAt(at + index) - 0x30
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

function known(at: number): number | undefined {
  return at > 0 ? at : undefined
}
