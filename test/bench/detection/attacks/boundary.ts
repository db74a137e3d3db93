import type { Random } from '../../../../src/contract/plugin.ts'
import { between, distance, gaussian, moved, startingPoint, type Oracle } from './attack.ts'

/** Proposals on which the step sizes are judged. */
const JUDGED = 10

/**
 * Boundary Attack (Brendel, Rauber, Bethge 2018, arXiv 1712.04248, algorithm 1): from an adversarial point, a random step
 * orthogonal to the way to the original, back onto the sphere, then a step towards the original; kept when still
 * adversarial. The orthogonal step follows the share of such points that are adversarial (aim one half), the other step
 * the share of those that stay so (aim one quarter).
 */
export function boundary(oracle: Oracle, x: Float32Array, label: number, random: Random, other: Float32Array): void {
  let at = startingPoint(oracle, label, x.length, random, other)
  let [around, towards] = [0.1, 0.1]
  for (;;) {
    let [onSphere, kept] = [0, 0]
    for (let proposal = 0; proposal < JUDGED; proposal++) {
      const sideways = orthogonal(at, x, around, random)
      if (oracle.label(sideways) === label) continue
      onSphere++
      const nearer = between(sideways, x, towards)
      if (oracle.label(nearer) === label) continue
      kept++
      at = nearer
    }
    around *= onSphere > JUDGED / 2 ? 1.1 : 0.9
    if (onSphere > 0) towards *= kept > onSphere / 4 ? 1.1 : 0.9
  }
}

/** A point about as far from `x` as `at` is, `size` of that distance aside of it. */
function orthogonal(at: Float32Array, x: Float32Array, size: number, random: Random): Float32Array {
  const radius = distance(at, x)
  const noise = gaussian(x.length, random)
  let along = 0
  for (let i = 0; i < x.length; i++) along += ((noise[i] ?? 0) * ((at[i] ?? 0) - (x[i] ?? 0))) / radius ** 2
  const tangent = noise.map((value, i) => value - along * ((at[i] ?? 0) - (x[i] ?? 0)))
  const zero = new Float32Array(x.length)
  const stepped = moved(at, tangent, (size * radius) / Math.max(1e-12, distance(tangent, zero)))
  return between(x, stepped, radius / Math.max(1e-12, distance(stepped, x))).map((value) =>
    Math.min(1, Math.max(0, value)),
  )
}
