import type { Random } from '../../../../src/contract/plugin.ts'
import { imageOf, PIXELS } from '../../../support/mnist.ts'
import type { Images } from '../../../support/mnist.ts'
import { patchOf, type Photograph } from '../photographs.ts'
import type { Oracle } from './attack.ts'

/**
 * Knockoff nets (Orekondy et al. 2019, arXiv 1812.02766), the random strategy: natural images of things that the victim was
 * not made for, here of the classes from `from` on. Ends only when the oracle is spent.
 */
export function knockoff(oracle: Oracle, images: Images, from: number, random: Random): void {
  for (;;) {
    const at = Math.floor(random.next() * images.count)
    if ((images.labels[at] ?? 0) >= from) oracle.label(imageOf(images, at))
  }
}

/** The same with patches of photographs. Ends only when the oracle is spent. */
export function knockoffByPhotographs(oracle: Oracle, photos: readonly Photograph[], random: Random): void {
  for (;;) oracle.label(patchOf(photos, random))
}

/** Queries of uniform noise. Ends only when the oracle is spent. */
export function uniformNoise(oracle: Oracle, random: Random): void {
  for (;;) oracle.label(Float32Array.from({ length: PIXELS }, () => random.next()))
}
