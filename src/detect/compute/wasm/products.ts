import * as emit from './emit.ts'
import {
  at,
  call,
  f32x4,
  f64x2,
  get,
  i32,
  i32x4,
  repeatWhile,
  set,
  step,
  v128,
  when,
  type Code,
  type Local,
} from './emit.ts'

/** Rows of a left panel and of a right panel: twelve accumulators, two vectors and a broadcast fit sixteen registers. */
export const LEFT = 6
export const RIGHT = 8
/** Columns of a panel are filled up with zeros to a multiple of this. */
export const UNROLL = 4
/** The frame of all products: every right panel, for it every left panel, the accumulators, then what is done with them. */
function product(locals: emit.Locals, fused: boolean, after: (tile: Tile) => Code): Code {
  const [lefts, leftCount, rights, rightCount, depth] = locals.given(5)
  const [left, right, end, leftPanel, rightPanel] = locals.several('i32', 5)
  const sums = locals.several('v128', LEFT * 2)
  const [low, high] = locals.several('v128', 2)
  const rightBytes = i32.mul(get(depth), i32.const(RIGHT * 4))
  const inner: Code[] = []
  for (let column = 0; column < UNROLL; column++) {
    inner.push(
      set(low, v128.load(get(right), column * RIGHT * 4)),
      set(high, v128.load(get(right), column * RIGHT * 4 + 16)),
    )
    for (let row = 0; row < LEFT; row++)
      [low, high].forEach((part, side) => {
        const sum = at(sums, row * 2 + side)
        const factor = v128.loadSplat(get(left), (column * LEFT + row) * 4)
        inner.push(
          set(
            sum,
            fused
              ? f32x4.fusedMultiplyAdd(factor, get(part), get(sum))
              : f32x4.add(get(sum), f32x4.mul(factor, get(part))),
          ),
        )
      })
  }
  return [
    ...set(rightPanel, i32.const(0)),
    ...repeatWhile(
      i32.less(get(rightPanel), get(rightCount)),
      set(leftPanel, i32.const(0)),
      set(left, get(lefts)),
      repeatWhile(
        i32.less(get(leftPanel), get(leftCount)),
        set(right, i32.add(get(rights), i32.mul(get(rightPanel), rightBytes))),
        set(end, i32.add(get(right), rightBytes)),
        ...sums.map((sum) => set(sum, f32x4.const(0))),
        repeatWhile(
          i32.less(get(right), get(end)),
          ...inner,
          step(right, UNROLL * RIGHT * 4),
          step(left, UNROLL * LEFT * 4),
        ),
        after({ sums, leftPanel, rightPanel }),
        step(leftPanel, 1),
      ),
      step(rightPanel, 1),
    ),
  ]
}

interface Tile {
  /** LEFT × 2 vectors. */
  readonly sums: readonly Local[]
  readonly leftPanel: Local
  readonly rightPanel: Local
}

export function screen(fused: boolean): emit.Function {
  const locals = new emit.Locals('i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32')
  const [halves, thresholds] = locals.given(2, 5)
  const [row, half] = [locals.add('i32'), locals.add('i32')]
  const threshold = locals.add('v128')
  const [aboveLow, aboveHigh] = locals.several('v128', 2)
  const body = product(locals, fused, ({ sums, leftPanel, rightPanel }) => [
    ...set(half, i32.add(get(halves), i32.mul(get(rightPanel), i32.const(RIGHT * 4)))),
    ...set(row, i32.mul(get(leftPanel), i32.const(LEFT))),
    ...Array.from({ length: LEFT }, (_, index) => [
      ...set(threshold, v128.loadSplat(i32.add(get(thresholds), i32.shl(get(row), i32.const(2))), index * 4)),
      ...set(aboveLow, f32x4.greater(f32x4.sub(v128.load(get(half)), get(at(sums, index * 2))), get(threshold))),
      ...set(
        aboveHigh,
        f32x4.greater(f32x4.sub(v128.load(get(half), 16), get(at(sums, index * 2 + 1))), get(threshold)),
      ),
      ...when(
        i32.equal(i32x4.allTrue(v128.and(get(aboveLow), get(aboveHigh))), i32.const(0)),
        call(
          0,
          i32.add(get(row), i32.const(index)),
          get(rightPanel),
          i32.sub(
            i32.const(255),
            i32.or(i32x4.bitmask(get(aboveLow)), i32.shl(i32x4.bitmask(get(aboveHigh)), i32.const(4))),
          ),
        ),
      ),
    ]).flat(),
  ])
  return locals.function('screen', body)
}

export function dense(fused: boolean): emit.Function {
  const locals = new emit.Locals('i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32')
  const [bias, out, stride, floor] = locals.given(4, 5)
  const [to, from] = [locals.add('i32'), locals.add('i32')]
  const least = locals.add('v128')
  const body = product(locals, fused, ({ sums, leftPanel, rightPanel }) => [
    ...set(from, i32.add(get(bias), i32.mul(get(rightPanel), i32.const(RIGHT * 4)))),
    ...set(to, outputAddress(out, stride, leftPanel, rightPanel, 4)),
    ...set(least, v128.loadSplat(get(floor))),
    ...Array.from({ length: LEFT }, (_, index) => [
      ...v128.store(get(to), f32x4.max(get(least), f32x4.add(get(at(sums, index * 2)), v128.load(get(from))))),
      ...v128.store(
        get(to),
        f32x4.max(get(least), f32x4.add(get(at(sums, index * 2 + 1)), v128.load(get(from), 16))),
        16,
      ),
      ...set(to, i32.add(get(to), get(stride))),
    ]).flat(),
  ])
  return locals.function('dense', body)
}

export function accumulate(fused: boolean): emit.Function {
  const locals = new emit.Locals('i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32')
  const [out, stride] = locals.given(2, 5)
  const to = locals.add('i32')
  const body = product(locals, fused, ({ sums, leftPanel, rightPanel }) => [
    ...set(to, outputAddress(out, stride, leftPanel, rightPanel, 8)),
    ...Array.from({ length: LEFT }, (_, index) => [
      ...[0, 1].flatMap((side) => {
        const sum = get(at(sums, index * 2 + side))
        const halves = [sum, v128.shuffle(sum, sum, [2, 3, 2, 3])]
        return halves.flatMap((half, part) => {
          const offset = side * 32 + part * 16
          return v128.store(get(to), f64x2.add(v128.load(get(to), offset), f64x2.promoteLow(half)), offset)
        })
      }),
      ...set(to, i32.add(get(to), get(stride))),
    ]).flat(),
  ])
  return locals.function('accumulate', body)
}

function outputAddress(out: Local, stride: Local, leftPanel: Local, rightPanel: Local, bytes: number): Code {
  const row = i32.mul(i32.mul(get(leftPanel), i32.const(LEFT)), get(stride))
  return i32.add(get(out), i32.add(row, i32.mul(get(rightPanel), i32.const(RIGHT * bytes))))
}
