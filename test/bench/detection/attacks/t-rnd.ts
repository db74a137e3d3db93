import type { Random } from '../../../../src/contract/plugin.ts'
import { moved } from './attack.ts'
import type { Oracle } from './attack.ts'
import { augmenting } from './jbda.ts'

const [STEPS, STEP] = [5, 12.75 / 255] as const
const CLASSES = 10

/**
 * Targeted at random (T-RND; Juuti et al. 2019, arXiv 1805.02628, sec. III): as JbDA, but each query takes five small steps of
 * the surrogate's towards a class drawn at random. The step, 12.75/255, is ours.
 */
export function tRnd(oracle: Oracle, seeds: readonly Float32Array[], random: Random): void {
  augmenting(oracle, seeds, random, (surrogate, from, label) => {
    const target = (label + 1 + Math.floor(random.next() * (CLASSES - 1))) % CLASSES
    let x = from
    for (let step = 0; step < STEPS; step++) x = moved(x, surrogate.gradient(x, target).map(Math.sign), -STEP)
    return x
  })
}
