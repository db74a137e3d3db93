import * as emit from './emit.ts'
import { at, f32x4, get, i32, repeatWhile, set, step, v128, type Code, type Local } from './emit.ts'

/** Widths for which there are passes: powers of two. */
export const LEAST_WIDTH = 8
export const MOST_WIDTH = 8192

type Radix = 2 | 4 | 8
/** What the first pass of a round reads: one row for all four blocks, or the work; either way times signs. */
type First = 'row' | 'signed'

/** `width` vectors at `work`, each with one value of four blocks. */
export type Passes = Readonly<
  Record<`${First}${Radix}`, (from: number, signs: number, work: number, width: number) => void> &
    Record<`plain${Radix}x${number}`, (work: number, width: number) => void>
>

/** The passes that make up a transform of `width`: eights, and fours rather than a two at the end. */
export function radicesOf(width: number): readonly Radix[] {
  const radices: Radix[] = []
  for (let left = Math.log2(width); left > 0;) {
    const bits = left === 4 || left === 2 ? 2 : left === 1 ? 1 : 3
    radices.push(bits === 3 ? 8 : bits === 2 ? 4 : 2)
    left -= bits
  }
  return radices
}

export function hadamardPasses(): readonly emit.Function[] {
  const passes = new Map<string, emit.Function>()
  for (let width = LEAST_WIDTH; width <= MOST_WIDTH; width *= 2) {
    let half = 1
    for (const radix of radicesOf(width)) {
      const made = half === 1 ? [firstPass(radix, 'row'), firstPass(radix, 'signed')] : [plainPass(radix, half)]
      for (const pass of made) passes.set(pass.name, pass)
      half *= radix
    }
  }
  return [...passes.values()]
}

function firstPass(radix: Radix, source: First): emit.Function {
  const locals = new emit.Locals('i32', 'i32', 'i32', 'i32')
  const [from, signs, work, width] = locals.given(4)
  const end = locals.add('i32')
  const values = locals.several('v128', radix)
  const loads = values.map((value, index) => {
    const read = source === 'row' ? v128.loadSplat(get(from), index * 4) : v128.load(get(work), index * 16)
    return set(value, f32x4.mul(read, v128.load(get(signs), index * 16)))
  })
  const body = [
    ...set(end, i32.add(get(work), i32.shl(get(width), i32.const(4)))),
    ...repeatWhile(
      i32.less(get(work), get(end)),
      ...loads,
      ...butterflies(values, locals.add('v128')),
      ...values.map((value, index) => v128.store(get(work), get(value), index * 16)),
      step(from, radix * 4),
      step(signs, radix * 16),
      step(work, radix * 16),
    ),
  ]
  return locals.function(`${source}${radix}`, body)
}

/** Values that are `half` apart and more meet. */
function plainPass(radix: Radix, half: number): emit.Function {
  const locals = new emit.Locals('i32', 'i32')
  const [work, width] = locals.given(2)
  const [end, last] = [locals.add('i32'), locals.add('i32')]
  const values = locals.several('v128', radix)
  const body = [
    ...set(end, i32.add(get(work), i32.shl(get(width), i32.const(4)))),
    ...repeatWhile(
      i32.less(get(work), get(end)),
      set(last, i32.add(get(work), i32.const(half * 16))),
      repeatWhile(
        i32.less(get(work), get(last)),
        ...values.map((value, index) => set(value, v128.load(get(work), index * half * 16))),
        ...butterflies(values, locals.add('v128')),
        ...values.map((value, index) => v128.store(get(work), get(value), index * half * 16)),
        step(work, 16),
      ),
      step(work, (radix - 1) * half * 16),
    ),
  ]
  return locals.function(`plain${radix}x${half}`, body)
}

function butterflies(values: readonly Local[], sum: Local): readonly Code[] {
  const made: Code[] = []
  for (let distance = 1; distance < values.length; distance *= 2)
    for (let index = 0; index < values.length; index++)
      if ((index & distance) === 0) {
        const [low, high] = [at(values, index), at(values, index + distance)]
        made.push(
          set(sum, f32x4.add(get(low), get(high))),
          set(high, f32x4.sub(get(low), get(high))),
          set(low, get(sum)),
        )
      }
  return made
}
