import { z } from 'zod'
import { RefusedError } from '../../../runtime/errors.ts'
import { KeyedHash } from '../../../runtime/keyed-hash.ts'
import { Calibration } from '../../calibration/calibration.ts'
import { arrayOf, readReference, writeReference } from '../../reference/reference.ts'
import { Familiar, TABLE_WORDS } from './familiar.ts'
import { Passages } from './passages.ts'

export const KIND = 'unfamiliar-text'
const VERSION = 1

/** What windows of one size are like, of clients that are not in the reference. */
export interface SizeReference {
  readonly size: number
  readonly calibration: Calibration
}

/** What `modelward baseline` froze. */
export interface Frozen {
  readonly familiar: Familiar
  readonly sizes: readonly SizeReference[]
}

const Head = z.object({
  lock: z.number(),
  sizes: z.array(z.object({ size: z.int().min(2), calibration: z.unknown() })),
})

export function freeze(key: Uint8Array, table: Int32Array, sizes: readonly SizeReference[]): Uint8Array {
  const stored = sizes.map(({ size, calibration }) => ({ size, calibration: calibration.toJSON() }))
  return writeReference(KIND, VERSION, { lock: lockOf(key), sizes: stored }, { table })
}

/** Throws RefusedError for what `freeze` did not make, or made under another key. */
export function thaw(bytes: Uint8Array, key: Uint8Array): Frozen {
  const reference = readReference(bytes, KIND, VERSION)
  const head = Head.safeParse(reference.header)
  if (!head.success)
    throw new RefusedError('the reference is damaged (its head): make it again with modelward baseline')
  if (head.data.lock !== lockOf(key))
    throw new RefusedError(
      'the reference was made under the key of another data directory, and nothing would be familiar: make it again with modelward baseline',
    )
  const table = arrayOf(reference, 'table', 'i32', TABLE_WORDS)
  return {
    familiar: new Familiar(new Passages(key), table),
    sizes: head.data.sizes.map(({ size, calibration }) => ({ size, calibration: Calibration.from(calibration) })),
  }
}

/** Tells keys apart and nothing about them. */
function lockOf(key: Uint8Array): number {
  return new KeyedHash(key).of(KIND)
}
