import type { DetectorContext } from '../../src/contract/detect.ts'
import { openRef } from '../../src/detect/compute/ref/ref.ts'
import { given, type TestGiven } from './given.ts'

/** A detector's world: the oracle as its device, a fixed key, and a reference where one is given. */
export function detectorContext(name = 'under-test', reference?: Uint8Array): DetectorContext & TestGiven {
  return { ...given(name), compute: openRef(), reference, key: new Uint8Array(32).fill(7) }
}
