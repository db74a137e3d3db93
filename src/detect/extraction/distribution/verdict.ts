import { unionBound } from '../../statistics/combine.ts'
import type { Fleet, Tails } from './fleet.ts'
import { scaled } from './frozen.ts'
import type { SizeReference } from './frozen.ts'

export interface Judged extends Tails {
  /** Two-sided: twice the smaller tail. */
  readonly p: number
  readonly direction: 'high' | 'low'
  /** The distance that a typical client's windows have. */
  readonly typical: number
  readonly clients: number
  /** Present when the fleet moves the same way, with how many of how many. */
  readonly drift?: { readonly unusual: number; readonly of: number }
}

/**
 * p-values of a window's distance: `high` and `low` among clients that the reference had not seen, both at least their
 * rank among the fleet where the fleet moves that way.
 */
export function judge(distance: number, reference: SizeReference, fleet: Fleet): Judged {
  const { calibration, floor } = reference
  const value = scaled(distance, floor)
  const tails: Tails = { high: calibration.high(value), low: calibration.low(value) }
  const direction = tails.high < tails.low ? 'high' : 'low'
  const moved = fleet.moved(direction)
  const smaller = tails[direction]
  const p = moved.is ? Math.max(smaller, fleet.rank(direction, smaller)) : smaller
  return {
    ...tails,
    p: unionBound(p, 2),
    direction,
    typical: Math.max(0, Math.exp(calibration.typical) - floor),
    clients: calibration.clients,
    ...(moved.is ? { drift: moved } : {}),
  }
}
