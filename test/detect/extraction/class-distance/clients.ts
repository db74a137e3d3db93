import type { BaselineMaker } from '../../../../src/contract/detect.ts'
import type { Event } from '../../../../src/contract/event.ts'
import type { Random } from '../../../../src/contract/plugin.ts'
import { classDistance } from '../../../../src/detect/extraction/class-distance/class-distance.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { detectorContext } from '../../../support/detector-context.ts'
import { event } from '../../../support/events.ts'
import { normal } from '../../../support/victim.ts'
import { MONDAY } from '../../traffic.ts'

export const COLUMNS = 16
/** Directions that benign inputs of each class spread in; they have next to nothing in the others. */
const DIRECTIONS = 6

/** What one class looks like, moved by `shift` in all that is measured. */
export function input(random: Random, label: number, shift = 0): Float32Array {
  return Float32Array.from({ length: COLUMNS }, (_, k) => {
    const spread = k < DIRECTIONS ? 1 : 0.05
    return (k % 3 === label ? 4 : 0) + shift * (k % 2) + spread * normal(random)
  })
}

/** Requests of a principal, a second apart, of the classes 0 to 2. */
export function requests(
  principal: string,
  count: number,
  make: (label: number) => Float32Array,
  start = MONDAY,
): Event[] {
  return Array.from({ length: count }, (_, i) => {
    const label = (i * 7 + principal.length) % 3
    return event({ at: start + i * 1_000, principal, inference: { features: make(label), label: String(label) } })
  })
}

export async function made(
  refer: number,
  calibrate: number,
  each = 64,
): Promise<Awaited<ReturnType<BaselineMaker['freeze']>>> {
  const random = seededRandom(1)
  const maker = classDistance.baseline?.(classDistance.config.parse({}), detectorContext())
  if (!maker) throw new Error('no maker')
  for (let i = 0; i < refer; i++) await maker.refer(requests(`key:r${i}`, each, (label) => input(random, label)))
  for (let i = 0; i < calibrate; i++)
    await maker.calibrate(requests(`key:c${i}`, each, (label) => input(random, label)))
  return maker.freeze()
}
