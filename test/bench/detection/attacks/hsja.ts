import type { Random } from '../../../../src/contract/plugin.ts'
import { between, distance, gaussian, moved, startingPoint, unit, type Oracle } from './attack.ts'

const INITIAL_EVALUATIONS = 100

/**
 * HopSkipJump (Chen, Jordan, Wainwright 2020, arXiv 1904.02144, algorithm 2, L2, untargeted): walk back to the boundary by
 * bisection, estimate its normal from the labels of `INITIAL_EVALUATIONS` * sqrt(t) points around, and step along it with a
 * size that is halved until the step stays adversarial.
 */
export function hsja(oracle: Oracle, x: Float32Array, label: number, random: Random, other: Float32Array): void {
  const d = x.length
  const threshold = 1 / (Math.sqrt(d) * d)
  const isAdversarial = (point: Float32Array): boolean => oracle.label(point) !== label
  let at = bisect(startingPoint(oracle, label, d, random, other), x, threshold, isAdversarial)
  for (let t = 1; ; t++) {
    const before = distance(at, x)
    const delta = t === 1 ? 0.1 : Math.sqrt(d) * threshold * before
    const normal = estimate(at, delta, Math.round(INITIAL_EVALUATIONS * Math.sqrt(t)), isAdversarial, random)
    let step = before / Math.sqrt(t)
    let next = moved(at, normal, step)
    while (!isAdversarial(next) && step > 1e-6) {
      step /= 2
      next = moved(at, normal, step)
    }
    at = bisect(next, x, threshold, isAdversarial)
  }
}

/** The direction in which labels turn adversarial, of length 1 (section 3.3, with the mean of the labels as baseline). */
function estimate(
  at: Float32Array,
  delta: number,
  evaluations: number,
  isAdversarial: (point: Float32Array) => boolean,
  random: Random,
): Float32Array {
  const samples = Array.from({ length: evaluations }, () => {
    const u = unit(gaussian(at.length, random))
    return { u, sign: isAdversarial(moved(at, u, delta)) ? 1 : -1 }
  })
  const mean = samples.reduce((sum, { sign }) => sum + sign, 0) / evaluations
  const direction = new Float32Array(at.length)
  for (const { u, sign } of samples) {
    const weight = Math.abs(mean) === 1 ? sign : sign - mean
    for (let i = 0; i < direction.length; i++) direction[i] = (direction[i] ?? 0) + weight * (u[i] ?? 0)
  }
  return unit(direction)
}

/** The adversarial end of the last interval between an adversarial point and the original. */
function bisect(
  adversarial: Float32Array,
  x: Float32Array,
  threshold: number,
  isAdversarial: (point: Float32Array) => boolean,
): Float32Array {
  let [low, high] = [0, 1]
  while (high - low > threshold) {
    const middle = (low + high) / 2
    if (isAdversarial(between(x, adversarial, middle))) high = middle
    else low = middle
  }
  return between(x, adversarial, high)
}
