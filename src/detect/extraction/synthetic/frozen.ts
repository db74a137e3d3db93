import { z } from 'zod'
import { RefusedError } from '../../../runtime/errors.ts'
import { Calibration } from '../../calibration/calibration.ts'
import { readReference, writeReference } from '../../reference/reference.ts'

export const KIND = 'synthetic-queries'
const VERSION = 1
/** Nearer to 1 than this W is not told apart. */
const SMALLEST = 1e-6

/** What W of so many distances is like while nothing is wrong. */
export interface Ordinary {
  readonly distances: number
  /** Of `departure(W)`. */
  readonly calibration: Calibration
}

/** What `modelward baseline` froze. */
export interface Frozen {
  /** Numbers in a vector of the telemetry. */
  readonly columns: number
  /** The fewest distances first. */
  readonly ordinary: readonly Ordinary[]
}

const Head = z.object({
  columns: z.int().min(1),
  ordinary: z.array(z.object({ distances: z.int().min(1), calibration: z.unknown() })).min(1),
})

/** W as it is calibrated: log(1 - W), about normal for normal samples (Royston 1995). More is farther from a bell curve. */
export function departure(w: number): number {
  return Math.log(Math.max(SMALLEST, 1 - w))
}

/** The W of a departure. */
export function wOf(departed: number): number {
  return 1 - Math.exp(departed)
}

export function freeze({ columns, ordinary }: Frozen): Uint8Array {
  const list = ordinary.map(({ distances, calibration }) => ({ distances, calibration: calibration.toJSON() }))
  return writeReference(KIND, VERSION, { columns, ordinary: list }, {})
}

/** Throws RefusedError for what `freeze` did not make. */
export function thaw(bytes: Uint8Array): Frozen {
  const head = Head.safeParse(readReference(bytes, KIND, VERSION).header)
  if (!head.success)
    throw new RefusedError('the reference is damaged (its head): make it again with modelward baseline')
  const { columns, ordinary } = head.data
  return {
    columns,
    ordinary: ordinary.map(({ distances, calibration }) => ({ distances, calibration: Calibration.from(calibration) })),
  }
}
