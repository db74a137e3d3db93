import { z } from 'zod'
import { RefusedError } from '../../../runtime/errors.ts'
import { Calibration } from '../../calibration/calibration.ts'
import { columnsOf, type FeatureSpec } from '../../features/features.ts'
import { meanVector, type MeanVector } from '../../features/mean-vector.ts'
import { arrayOf, readReference, writeReference } from '../../reference/reference.ts'

export const KIND = 'account-linkage'
const VERSION = 2

/** What windows of one party's requests are like. */
export interface PoolReference {
  readonly spec: FeatureSpec
  readonly centre: MeanVector
  /** The standard deviation of the distance of a window drawn from the reference itself: less is not told apart. */
  readonly floor: number
  /** Of `scaled` distances, on clients that are not in the reference; accounts linked among them are one. */
  readonly calibration: Calibration
}

/** What `modelward baseline` froze; a part is missing where too few clients filled a window for it. */
export interface Frozen {
  readonly window: number
  /** Accounts whose templates were remembered when windows were measured, by the same estimate. */
  readonly accounts: number
  readonly templates: Calibration | undefined
  readonly pool: PoolReference | undefined
}

const seed = z.int()
const Head = z.object({
  window: z.int().min(1),
  accounts: z.number().min(1),
  templates: z.unknown().optional(),
  pool: z
    .object({
      spec: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('text'), seed }),
        z.object({ kind: z.literal('vector'), seed, columns: z.int().min(1) }),
      ]),
      floor: z.number().positive(),
      calibration: z.unknown(),
    })
    .optional(),
})

/** Distances as they are calibrated: on a logarithmic scale, above what chance alone makes of none. */
export function scaled(distance: number, floor: number): number {
  return Math.log(Math.max(0, distance) + floor)
}

export function freeze({ window, accounts, templates, pool }: Frozen): Uint8Array {
  const head = {
    window,
    accounts: Math.max(1, accounts),
    ...(templates ? { templates: templates.toJSON() } : {}),
    ...(pool ? { pool: { spec: pool.spec, floor: pool.floor, calibration: pool.calibration.toJSON() } } : {}),
  }
  return writeReference(KIND, VERSION, head, pool ? { mean: pool.centre.mean } : {})
}

/** Throws RefusedError for what `freeze` did not make, and for windows of another size. */
export function thaw(bytes: Uint8Array, window: number): Frozen {
  const reference = readReference(bytes, KIND, VERSION)
  const head = Head.safeParse(reference.header)
  if (!head.success || head.data.window !== window)
    throw new RefusedError(`the reference is not of windows of ${window}: make it again with modelward baseline`)
  const { accounts, templates, pool } = head.data
  return {
    window,
    accounts,
    templates: templates === undefined ? undefined : Calibration.from(templates),
    pool: pool && {
      spec: pool.spec,
      centre: meanVector(arrayOf(reference, 'mean', 'f64', columnsOf(pool.spec))),
      floor: pool.floor,
      calibration: Calibration.from(pool.calibration),
    },
  }
}
