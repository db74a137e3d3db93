import { z } from 'zod'
import { RefusedError } from '../../../runtime/errors.ts'
import { Calibration } from '../../calibration/calibration.ts'
import { FOURIER_FEATURES } from '../../features/fourier.ts'
import type { FourierSpec } from '../../features/fourier.ts'
import { meanVector, type MeanVector } from '../../features/mean-vector.ts'
import { arrayOf, readReference, writeReference } from '../../reference/reference.ts'

export const KIND = 'query-distribution'
const VERSION = 1

/** What distances of benign windows of one size are like. */
export interface SizeReference {
  readonly size: number
  /** The standard deviation of `distance` for a window drawn from the reference itself: less is not told apart. */
  readonly floor: number
  /** Of `scaled` distances, on clients that are not in the reference. */
  readonly calibration: Calibration
}

/** What `modelward baseline` froze. */
export interface Frozen {
  readonly fourier: FourierSpec
  readonly centre: MeanVector
  readonly sizes: readonly SizeReference[]
}

const seed = z.int()
const Head = z.object({
  features: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('text'), seed }),
    z.object({ kind: z.literal('vector'), seed, columns: z.int().min(1) }),
  ]),
  bandwidth: z.number().positive(),
  seed,
  sizes: z.array(z.object({ size: z.int().min(2), floor: z.number().positive(), calibration: z.unknown() })),
})

/**
 * Distances as they are calibrated: on a logarithmic scale, since tenants differ by factors, above what chance alone
 * makes of none.
 */
export function scaled(distance: number, floor: number): number {
  return Math.log(Math.max(0, distance) + floor)
}

export function freeze({ fourier, centre, sizes }: Frozen): Uint8Array {
  const head = { ...fourier, sizes: sizes.map((each) => ({ ...each, calibration: each.calibration.toJSON() })) }
  return writeReference(KIND, VERSION, head, { mean: centre.mean })
}

/** Throws RefusedError for what `freeze` did not make. */
export function thaw(bytes: Uint8Array): Frozen {
  const reference = readReference(bytes, KIND, VERSION)
  const head = Head.safeParse(reference.header)
  if (!head.success)
    throw new RefusedError('the reference is damaged (its head): make it again with modelward baseline')
  const { sizes, ...fourier } = head.data
  return {
    fourier,
    centre: meanVector(arrayOf(reference, 'mean', 'f64', FOURIER_FEATURES)),
    sizes: sizes.map(({ size, floor, calibration }) => ({ size, floor, calibration: Calibration.from(calibration) })),
  }
}
