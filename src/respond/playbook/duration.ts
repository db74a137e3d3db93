import { z } from 'zod'

const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const
const PATTERN = /^(?=\d)(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/

/** `30s`, `15m`, `1h30m`, `2d` as milliseconds; units largest first. Throws RangeError on other text. */
export function parseDuration(text: string): number {
  const parts = PATTERN.exec(text)
  if (!parts) throw new RangeError(`"${text}" is no duration; write it like 30s, 15m, 1h30m or 2d`)
  return Object.values(UNITS).reduce((sum, unit, at) => sum + Number(parts[at + 1] ?? 0) * unit, 0)
}

/** A field that holds a duration within [`least`, `most`]. It stays text, as a person wrote it. */
export function durationWithin(least: string, most: string): z.ZodString {
  const [low, high] = [parseDuration(least), parseDuration(most)]
  return z
    .string('must be a duration in quotes, like 1h')
    .regex(PATTERN, 'is no duration; write it like 30s, 15m, 1h30m or 2d')
    .refine((text) => !PATTERN.test(text) || (parseDuration(text) >= low && parseDuration(text) <= high), {
      error: `must lie between ${least} and ${most}`,
    })
}
