import type { Random } from '../../../../src/contract/plugin.ts'
import { PIXELS } from '../../../support/mnist.ts'
import { between } from './attack.ts'
import type { Oracle } from './attack.ts'

/** Halvings of a line: the boundary to a thousandth of it. */
const HALVINGS = 10

/**
 * Line search (Tramèr et al. 2016, "Stealing machine learning models via prediction APIs", sec. 4.2): points at random, and
 * between two of different classes the boundary, by halving. Noise with as many bright pixels as chance says, since a
 * victim of digits calls all uniform noise the same. Ends only when the oracle is spent.
 */
export function lineSearch(oracle: Oracle, random: Random): void {
  let last = pointOf(random)
  let lastLabel = oracle.label(last)
  for (;;) {
    const x = pointOf(random)
    const label = oracle.label(x)
    if (label !== lastLabel) halve(oracle, last, lastLabel, x)
    last = x
    lastLabel = label
  }
}

function halve(oracle: Oracle, from: Float32Array, label: number, to: Float32Array): void {
  let [low, high] = [0, 1]
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2
    if (oracle.label(between(from, to, middle)) === label) low = middle
    else high = middle
  }
}

function pointOf(random: Random): Float32Array {
  const bright = random.next()
  return Float32Array.from({ length: PIXELS }, () => (random.next() < bright ? random.next() : 0))
}
