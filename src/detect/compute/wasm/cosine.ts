import { FEATURE_SCALE, SINE } from '../plan/fourier.ts'
import * as emit from './emit.ts'
import { at, f32x4, f64x2, get, i32, i32x4, repeatWhile, set, step, v128, type Code, type Local } from './emit.ts'

/** Added to a feature it makes a whole number in 1…255, so that bytes can be added up without carrying. */
const POSITIVE = 128
/** The top bit of each byte the other way round: 128 less. */
const TOP_BITS = 0x80808080 | 0

/** How 127 times a cosine is rounded: both exactly as plan/fourier.ts does. */
interface Rounding {
  /** Leaves what the code below needs in locals, before the loop. */
  readonly prepared: readonly Code[]
  /** Four float32 cosines -> four 32-bit words of `upper` + 128 + the feature. */
  readonly words: (cosines: Local) => Code
  readonly upper: number
}

/**
 * One fused multiply-add, which rounds once: 127 c + 1.5 · 2^23 to the nearest whole number, whose bits are the last of the
 * float32. Halves would go to the even number, but there are none: 127 c ends in a half for c of 1/2 and -1/2 only, which
 * is no float32 angle's cosine as it is computed here (a test looks at all that are near).
 */
function fusedRounding(locals: emit.Locals): Rounding {
  const [scale, shift] = locals.several('v128', 2)
  return {
    prepared: [set(scale, f32x4.const(FEATURE_SCALE)), set(shift, f32x4.const(1.5 * 2 ** 23 + POSITIVE))],
    words: (cosines) => f32x4.fusedMultiplyAdd(get(cosines), get(scale), get(shift)),
    upper: 0x4b400000,
  }
}

/**
 * In double precision, where 127 c is exact: 1.5 · 2^20 more, and the whole part of the number is the last of the upper word,
 * rounded down, for the multiples of 2^-32 that 127 times a float32 from 2^-8 on is.
 */
function doubleRounding(locals: emit.Locals): Rounding {
  const [scale, shift] = locals.several('v128', 2)
  const half = (two: Code): Code => f64x2.add(f64x2.mul(f64x2.promoteLow(two), get(scale)), get(shift))
  return {
    prepared: [set(scale, f64x2.const(FEATURE_SCALE)), set(shift, f64x2.const(1.5 * 2 ** 20 + POSITIVE + 0.5))],
    words: (cosines) => {
      const upper = v128.shuffle(get(cosines), get(cosines), [2, 3, 2, 3])
      return v128.shuffle(half(get(cosines)), half(upper), [1, 3, 5, 7])
    },
    upper: 0x41380000,
  }
}

/** Projections to features: see `Exports`. */
export function cosine(fused: boolean): emit.Function {
  const locals = new emit.Locals('i32', 'i32', 'i32', 'i32', 'i32', 'i32')
  const [work, width, turns, phases, out, stride] = locals.given(6)
  const [end, to] = [locals.add('i32'), locals.add('i32')]
  const [feature, turn, square, quarter, bytes] = locals.several('v128', 5)
  const { prepared, words, upper } = fused ? fusedRounding(locals) : doubleRounding(locals)
  const factors = SINE.map(() => locals.add('v128'))
  // The last of four neighbours is the top byte.
  const made = [3, 2, 1, 0].map((index) => [
    ...set(
      feature,
      f32x4.add(f32x4.mul(v128.load(get(work), index * 16), get(turn)), v128.load(get(phases), index * 16)),
    ),
    ...set(feature, f32x4.sub(get(quarter), f32x4.abs(f32x4.sub(get(feature), f32x4.nearest(get(feature)))))),
    ...set(square, f32x4.mul(get(feature), get(feature))),
    ...set(feature, f32x4.mul(get(feature), polynomial(square, factors))),
    ...set(bytes, index === 3 ? words(feature) : i32x4.add(i32x4.shl(get(bytes), i32.const(8)), words(feature))),
  ])
  const body = [
    ...set(turn, v128.load(get(turns))),
    ...set(quarter, f32x4.const(0.25)),
    ...prepared.flat(),
    ...factors.flatMap((factor, power) => set(factor, f32x4.const(SINE[power] ?? NaN))),
    ...set(end, i32.add(get(work), i32.shl(get(width), i32.const(4)))),
    ...repeatWhile(
      i32.less(get(work), get(end)),
      ...made,
      set(
        bytes,
        v128.xor(
          i32x4.sub(get(bytes), i32x4.const((upper + (upper << 8) + (upper << 16) + (upper << 24)) | 0)),
          i32x4.const(TOP_BITS),
        ),
      ),
      set(to, get(out)),
      ...[0, 1, 2, 3].map((block) => [
        ...v128.storeLane(get(to), get(bytes), block),
        ...set(to, i32.add(get(to), get(stride))),
      ]),
      step(work, 64),
      step(phases, 64),
      step(out, 4),
    ),
  ]
  return locals.function('cosine', body)
}

/** Factors of rising powers. */
function polynomial(of: Local, factors: readonly Local[]): Code {
  return factors
    .slice(0, -1)
    .reduceRight<Code>(
      (sum, factor) => f32x4.add(f32x4.mul(sum, get(of)), get(factor)),
      get(at(factors, factors.length - 1)),
    )
}
