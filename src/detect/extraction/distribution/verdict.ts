import { unionBound } from '../../statistics/combine.ts'
import type { DriftGate, Moved } from '../../fleet/drift-gate.ts'
import { scaled } from './frozen.ts'
import type { SizeReference } from './frozen.ts'

/** The places of the tails in the drift gate. */
const TAIL = { high: 0, low: 1 } as const

export interface Judged {
  /** p-value of a distance this large. */
  readonly high: number
  /** p-value of a distance this small. */
  readonly low: number
  /** Two-sided: twice the smaller tail. */
  readonly p: number
  readonly direction: 'high' | 'low'
  /** The distance that a typical client's windows have. */
  readonly typical: number
  readonly clients: number
  /** Present when the fleet moves the same way, with how many of how many. */
  readonly drift?: Moved
}

/**
 * p-values of a window's distance: `high` and `low` among clients that the reference had not seen, both at least their
 * rank among the fleet where the fleet moves that way.
 */
export function judge(distance: number, reference: SizeReference, fleet: DriftGate): Judged {
  const { calibration, floor } = reference
  const value = scaled(distance, floor)
  const tails = { high: calibration.high(value), low: calibration.low(value) }
  const direction = tails.high < tails.low ? 'high' : 'low'
  const { p, drift } = fleet.held(tails[direction], TAIL[direction])
  return {
    ...tails,
    p: unionBound(p, 2),
    direction,
    typical: Math.max(0, Math.exp(calibration.typical) - floor),
    clients: calibration.clients,
    ...(drift ? { drift } : {}),
  }
}
