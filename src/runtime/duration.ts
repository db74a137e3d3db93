import { z } from 'zod'

const UNITS = { y: 31_536_000_000, w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const
const PATTERN = /^(?=\d)(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/
const WORDS = 'a duration is written like 30s, 5m, 4h or 1h30m (units y w d h m s ms, largest first)'

/** Prometheus' duration syntax as milliseconds: `30s`, `5m`, `1h30m`, `0s`. A year is 365 days, a day 24 hours. */
export function parseDuration(text: string): number {
  const parts = PATTERN.exec(text)
  if (!parts) throw new RangeError(`"${text}": ${WORDS}`)
  return Object.values(UNITS).reduce((sum, unit, at) => sum + Number(parts[at + 1] ?? 0) * unit, 0)
}

/** A config field that is a duration; its value is milliseconds. */
export const duration = z.string().regex(PATTERN, WORDS).transform(parseDuration)

/** The same, refused outside [`least`, `most`] (both in the same syntax). */
export function durationWithin(least: string, most: string): typeof duration {
  const [low, high] = [parseDuration(least), parseDuration(most)]
  return duration.refine((ms) => ms >= low && ms <= high, `must lie between ${least} and ${most}`)
}

/** The same for a field that stays text, as a person wrote it; `parseDuration` reads it. */
export function durationText(least: string, most: string): z.ZodString {
  const [low, high] = [parseDuration(least), parseDuration(most)]
  return z
    .string('must be a duration in quotes, like 1h')
    .regex(PATTERN, WORDS)
    .refine((text) => !PATTERN.test(text) || (parseDuration(text) >= low && parseDuration(text) <= high), {
      error: `must lie between ${least} and ${most}`,
    })
}
