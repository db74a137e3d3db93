import { FEATURE_SCALE, SINE } from '../plan/fourier.ts'
import * as emit from './emit.ts'
import { at, f32x4, f64x2, get, i32, i32x4, repeatWhile, set, step, v128, type Code, type Local } from './emit.ts'

/**
 * Added to a number below 2^20 it leaves a float64 whose upper word is `UPPER` and the whole part of that number: rounding
 * down without a conversion, exact for the multiples of 2^-32 that 127 times a float32 from 2^-8 on is.
 */
const SHIFT = 1.5 * 2 ** 20
const UPPER = 0x41380000
/** What four such upper words, each shifted by a byte more, add up to besides their numbers. */
const UPPERS = (UPPER + (UPPER << 8) + (UPPER << 16) + (UPPER << 24)) | 0
/** The top bit of each byte the other way round: 128 less. */
const TOP_BITS = 0x80808080 | 0

/** Projections to features: see `Exports`. */
export function cosine(): emit.Function {
  const locals = new emit.Locals('i32', 'i32', 'i32', 'i32', 'i32', 'i32')
  const [work, width, turns, phases, out, stride] = [0, 1, 2, 3, 4, 5].map((index) => locals.parameter(index)) as [
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
  ]
  const [end, to] = [locals.add('i32'), locals.add('i32')]
  const [feature, turn, square, quarter, bytes] = locals.several('v128', 5) as [Local, Local, Local, Local, Local]
  const [scale, shift] = locals.several('v128', 2) as [Local, Local]
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
    ...set(
      bytes,
      index === 3
        ? upperWords(feature, scale, shift)
        : i32x4.add(i32x4.shl(get(bytes), i32.const(8)), upperWords(feature, scale, shift)),
    ),
  ])
  const body = [
    ...set(turn, v128.load(get(turns))),
    ...set(quarter, f32x4.const(0.25)),
    ...set(scale, f64x2.const(FEATURE_SCALE)),
    ...set(shift, f64x2.const(SHIFT + 128.5)),
    ...factors.flatMap((factor, power) => set(factor, f32x4.const(SINE[power] ?? NaN))),
    ...set(end, i32.add(get(work), i32.shl(get(width), i32.const(4)))),
    ...repeatWhile(
      i32.less(get(work), get(end)),
      ...made,
      set(bytes, v128.xor(i32x4.sub(get(bytes), i32x4.const(UPPERS)), i32x4.const(TOP_BITS))),
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

/** `UPPER` + floor(127 c + 128.5) of four float32: whole numbers in 1…255, so that adding shifted ones carries nothing. */
function upperWords(cosines: Local, scale: Local, shift: Local): Code {
  const half = (two: Code): Code => f64x2.add(f64x2.mul(f64x2.promoteLow(two), get(scale)), get(shift))
  const upper = v128.shuffle(get(cosines), get(cosines), [2, 3, 2, 3])
  return v128.shuffle(half(get(cosines)), half(upper), [1, 3, 5, 7])
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
