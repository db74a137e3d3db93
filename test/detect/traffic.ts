import type { Event, Inference } from '../../src/contract/event.ts'
import type { Random } from '../../src/contract/plugin.ts'
import { event } from '../support/events.ts'

export const HOUR = 3_600_000
export const MONDAY = Date.UTC(2026, 0, 5)

export interface TrafficOptions {
  readonly principals: number
  readonly hours: number
  /** Mean requests of a principal in an hour. */
  readonly perHour: number
  readonly start?: number
  /** Put before each principal's number. */
  readonly prefix?: string
}

/**
 * A small fleet in order of time: chat callers with a daily rhythm, a classifier with a fixed bias set (every tenth
 * principal), one caller who sweeps token ids in the last hours, and one whose usage jumps.
 */
export function traffic(random: Random, options: TrafficOptions): Event[] {
  const { principals, hours, perHour, start = MONDAY, prefix = 'key:' } = options
  const found: Event[] = []
  for (let principal = 0; principal < principals; principal++)
    for (let hour = 0; hour < hours; hour++) {
      const rhythm = 1 + 0.5 * Math.sin((hour / 24) * 2 * Math.PI)
      const jump = (principal === 1 || principal === 2) && hour >= hours - 2 ? 20 : 1
      const count = Math.round(perHour * rhythm * jump * (0.5 + random.next()))
      for (let i = 0; i < count; i++)
        found.push(
          event({
            at: Math.floor(start + (hour + random.next()) * HOUR),
            principal: `${prefix}${principal}`,
            inference: request(random, principal, hour >= hours - 3, found.length),
          }),
        )
    }
  return found.toSorted((a, b) => a.at - b.at)
}

function request(random: Random, principal: number, isLate: boolean, serial: number): Partial<Inference> {
  const usual = {
    ok: random.next() > 0.05,
    inputTokens: Math.floor(50 + 200 * random.next()),
    outputTokens: Math.floor(20 + 100 * random.next()),
    costUsd: 0.002 * random.next(),
  }
  if (principal === 2 && isLate)
    return {
      ...usual,
      promptHash: 'ab'.repeat(8),
      parameters: { maxTokens: 1, logprobs: true, biasedTokens: [String(serial)] },
    }
  if (principal % 10 === 3)
    return {
      ...usual,
      promptHash: serial.toString(16).padStart(16, '0'),
      parameters: { maxTokens: 1, logprobs: true, biasedTokens: ['3869', '1939'] },
    }
  return { ...usual, promptHash: serial.toString(16).padStart(16, '0'), parameters: { maxTokens: 500 } }
}

/** A sweep of token ids on one prompt: what `api-abuse` is there to find. */
export function sweep(
  principal: string,
  count: number,
  start = MONDAY,
  promptHash: string | undefined = 'cd'.repeat(8),
): Event[] {
  return Array.from({ length: count }, (_, i) =>
    event({
      at: start + i * 1_000,
      principal,
      inference: {
        inputTokens: 20,
        outputTokens: 1,
        ...(promptHash === undefined ? {} : { promptHash }),
        parameters: { maxTokens: 1, logprobs: true, topLogprobs: 5, biasedTokens: [String(1_000 + i)] },
      },
    }),
  )
}
