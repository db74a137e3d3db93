/** Samples that the approximation holds for (Royston 1995). */
const [FEWEST, MOST] = [12, 5_000]

// Royston's polynomials in 1/sqrt(n) for the two outermost weights, lowest power first.
const OUTERMOST = [0, 0.221157, -0.147981, -2.07119, 4.434685, -2.706056] as const
const NEXT = [0, 0.042981, -0.293762, -1.752461, 5.682633, -3.582633] as const

// Wichura's rational approximations (AS 241, PPND16) for the middle and the nearer tails, lowest power first.
const MIDDLE_TOP = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
  33430.57558358813, 2509.0809287301227,
] as const
const MIDDLE_BOTTOM = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271, 28729.085735721943,
  5226.495278852854,
] as const
const TAIL_TOP = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
  0.022723844989269184, 0.0007745450142783414,
] as const
const TAIL_BOTTOM = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9,
] as const

/**
 * Shapiro and Wilk's W: how straight the ordered values lie over those of a bell curve, 1 at most; by Royston's
 * approximation (Applied Statistics 44, 1995, algorithm AS R94). `sorted`: 12 to 5,000 ascending values that are not all
 * equal; else RangeError.
 */
export function shapiroWilk(sorted: Float64Array): number {
  const { length } = sorted
  if (length < FEWEST || length > MOST)
    throw new RangeError(`W is for ${FEWEST} to ${MOST} values, and there are ${length}`)
  const mean = sorted.reduce((sum, value) => sum + value, 0) / length
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  if (!(squares > 0)) throw new RangeError('W is for values that differ')
  const weights = weightsOf(length)
  let along = 0
  for (let i = 0; i < weights.length; i++)
    along += (weights[i] ?? 0) * ((sorted[length - 1 - i] ?? 0) - (sorted[i] ?? 0))
  return Math.min(1, along ** 2 / squares)
}

/** Weights of the differences between the outermost values, the next, …: half of the weights, which are antisymmetric. */
function weightsOf(length: number): Float64Array {
  const half = new Float64Array(length >> 1)
  let squares = 0
  for (let i = 0; i < half.length; i++) {
    // The expected order statistics of a normal sample, from the top, by Blom's approximation.
    const score = -normalQuantile((i + 0.625) / (length + 0.25))
    half[i] = score
    squares += 2 * score ** 2
  }
  const [first = 0, second = 0] = half
  const root = Math.sqrt(squares)
  const u = 1 / Math.sqrt(length)
  const outermost = first / root + polynomial(OUTERMOST, u)
  const next = second / root + polynomial(NEXT, u)
  const scale = Math.sqrt((squares - 2 * first ** 2 - 2 * second ** 2) / (1 - 2 * outermost ** 2 - 2 * next ** 2))
  for (let i = 2; i < half.length; i++) half[i] = (half[i] ?? 0) / scale
  half[0] = outermost
  half[1] = next
  return half
}

/** For shares from 1e-11 to 1 - 1e-11, to 15 digits. */
function normalQuantile(share: number): number {
  const off = share - 0.5
  if (Math.abs(off) <= 0.425) {
    const r = 0.180625 - off * off
    return (off * polynomial(MIDDLE_TOP, r)) / polynomial(MIDDLE_BOTTOM, r)
  }
  const r = Math.sqrt(-Math.log(Math.min(share, 1 - share))) - 1.6
  return (Math.sign(off) * polynomial(TAIL_TOP, r)) / polynomial(TAIL_BOTTOM, r)
}

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0)
}
