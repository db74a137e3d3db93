import { SINE } from '../plan/fourier.ts'
import * as emit from './emit.ts'
import { accumulate, dense, screen } from './products.ts'
import { at, f32, f32x4, get, i32, repeatWhile, set, step, v128, when, type Code, type Local } from './emit.ts'

/** The largest memory of an arena: 2 GiB. */
export const MAX_PAGES = 32_768

/** The exports; every pointer is a byte address, every panel `depth` columns deep, `depth` a multiple of UNROLL. */
export interface Exports {
  /**
   * All left panels against all right panels: half − left·right, compared with the threshold of the left row. Where it
   * is not above, `examine(left row, right panel, bits of the rows)` is called; it may lower the threshold.
   */
  screen(
    lefts: number,
    leftCount: number,
    rights: number,
    rightCount: number,
    depth: number,
    halves: number,
    thresholds: number,
  ): void
  /** out[left row, right row] = max(floor[0], left·right + bias[right row]); `stride` bytes from row to row. */
  dense(
    lefts: number,
    leftCount: number,
    rights: number,
    rightCount: number,
    depth: number,
    bias: number,
    out: number,
    stride: number,
    floor: number,
  ): void
  /** float64 out[left row, right row] += left·right, of which only the product is float32. */
  accumulate(
    lefts: number,
    leftCount: number,
    rights: number,
    rightCount: number,
    depth: number,
    out: number,
    stride: number,
  ): void
  /** `cells[2·i]` counts values between the sorted i - 1 and i, `cells[2·i + 1]` those equal to the sorted i and no lower. */
  search(values: number, count: number, sorted: number, references: number, cells: number): void
  /** The features of four blocks from their projections, which lie in turn; `stride` bytes from block to block of `out`. */
  cosine(work: number, width: number, turns: number, phases: number, out: number, stride: number): void
}

export type Radix = 2 | 4 | 8
/** What a Walsh-Hadamard pass reads: one row for all four blocks with signs, the work with signs, the work. */
export type Source = 'row' | 'signed' | 'plain'
export type Passes = Readonly<
  Record<`${Source}${Radix}`, (from: number, signs: number, work: number, half: number, width: number) => void>
>

/** The bytes of the module; `fused` with relaxed-SIMD multiply-add in the dot products, rounded once. */
export function moduleBytes(fused: boolean): Uint8Array<ArrayBuffer> {
  const imports: readonly emit.Import[] = [{ name: 'examine', parameters: ['i32', 'i32', 'i32'] }]
  const passes = ([2, 4, 8] as const).flatMap((radix) =>
    (['row', 'signed', 'plain'] as const).map((source) => walshHadamard(radix, source)),
  )
  return emit.assemble(
    imports,
    [screen(fused), dense(fused), accumulate(fused), search(), cosine(), ...passes],
    MAX_PAGES,
  )
}

/** Four binary searches side by side, without branches: `count` is a multiple of 4. */
function search(): emit.Function {
  const locals = new emit.Locals('i32', 'i32', 'i32', 'i32', 'i32')
  const [values, count, sorted, references, cells] = [0, 1, 2, 3, 4].map((index) => locals.parameter(index)) as [
    Local,
    Local,
    Local,
    Local,
    Local,
  ]
  const [end, left, half] = locals.several('i32', 3) as [Local, Local, Local]
  const bases = locals.several('i32', 4)
  const wanted = locals.several('f32', 4)
  const cell = locals.add('i32')
  const narrowed = bases.map((base, index) =>
    set(
      base,
      i32.add(
        get(base),
        i32.mul(
          f32.less(f32.load(i32.sub(i32.add(get(base), get(half)), i32.const(4))), get(at(wanted, index))),
          get(half),
        ),
      ),
    ),
  )
  const counted = bases.map((base, index) => [
    ...set(base, i32.add(get(base), i32.shl(f32.less(f32.load(get(base)), get(at(wanted, index))), i32.const(2)))),
    ...set(
      cell,
      i32.add(
        get(cells),
        i32.add(
          i32.shl(i32.sub(get(base), get(sorted)), i32.const(1)),
          i32.shl(f32.equal(f32.load(get(base)), get(at(wanted, index))), i32.const(2)),
        ),
      ),
    ),
    ...i32.store(get(cell), i32.add(i32.load(get(cell)), i32.const(1))),
  ])
  const body = [
    ...set(end, i32.add(get(values), i32.shl(get(count), i32.const(2)))),
    ...repeatWhile(
      i32.less(get(values), get(end)),
      ...bases.map((base) => set(base, get(sorted))),
      ...wanted.map((value, index) => set(value, f32.load(get(values), index * 4))),
      set(left, get(references)),
      when(
        i32.greater(get(left), i32.const(1)),
        repeatWhile(
          i32.greater(get(left), i32.const(1)),
          set(half, i32.shl(i32.shr(get(left), i32.const(1)), i32.const(2))),
          ...narrowed,
          set(left, i32.sub(get(left), i32.shr(get(half), i32.const(2)))),
        ),
      ),
      ...counted,
      step(values, 16),
    ),
  ]
  return locals.function('search', body)
}

/** One pass of a Walsh-Hadamard transform of four blocks side by side, `radix` values that are `half` vectors apart at once. */
function walshHadamard(radix: Radix, source: Source): emit.Function {
  const locals = new emit.Locals('i32', 'i32', 'i32', 'i32', 'i32')
  const [from, signs, work, half, width] = [0, 1, 2, 3, 4].map((index) => locals.parameter(index)) as [
    Local,
    Local,
    Local,
    Local,
    Local,
  ]
  const [start, offset, last, here] = locals.several('i32', 4) as [Local, Local, Local, Local]
  const values = locals.several('v128', radix)
  const sum = locals.add('v128')
  const apart = i32.shl(get(half), i32.const(4))
  const places = locals.several('i32', radix)
  const loads = values.map((value, index) => {
    const place = get(at(places, index))
    if (source === 'plain') return set(value, v128.load(i32.add(get(work), place)))
    const read =
      source === 'row'
        ? v128.loadSplat(i32.add(get(from), i32.shr(place, i32.const(2))))
        : v128.load(i32.add(get(work), place))
    return set(value, f32x4.mul(read, v128.load(i32.add(get(signs), place))))
  })
  const butterflies: Code[] = []
  for (let distance = 1; distance < radix; distance *= 2)
    for (let index = 0; index < radix; index++)
      if ((index & distance) === 0) {
        const [low, high] = [at(values, index), at(values, index + distance)]
        butterflies.push(
          set(sum, f32x4.add(get(low), get(high))),
          set(high, f32x4.sub(get(low), get(high))),
          set(low, get(sum)),
        )
      }
  const stores = values.map((value, index) => v128.store(i32.add(get(work), get(at(places, index))), get(value)))
  const body = [
    ...set(start, i32.const(0)),
    ...repeatWhile(
      i32.less(get(start), i32.shl(get(width), i32.const(4))),
      set(offset, get(start)),
      set(last, i32.add(get(start), apart)),
      repeatWhile(
        i32.less(get(offset), get(last)),
        set(here, get(offset)),
        ...places.map((place) => [...set(place, get(here)), ...set(here, i32.add(get(here), apart))]),
        ...loads,
        ...butterflies,
        ...stores,
        step(offset, 16),
      ),
      set(start, i32.add(get(start), i32.mul(apart, i32.const(radix)))),
    ),
  ]
  return locals.function(`${source}${radix}`, body)
}

function cosine(): emit.Function {
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
  const features = locals.several('v128', 4)
  const pairs = locals.several('v128', 4)
  const [turn, square] = [locals.add('v128'), locals.add('v128')]
  const made = features.map((feature, index) => [
    ...set(
      feature,
      f32x4.add(f32x4.mul(v128.load(get(work), index * 16), get(turn)), v128.load(get(phases), index * 16)),
    ),
    ...set(feature, f32x4.sub(f32x4.const(0.25), f32x4.abs(f32x4.sub(get(feature), f32x4.nearest(get(feature)))))),
    ...set(square, f32x4.mul(get(feature), get(feature))),
    ...set(
      feature,
      f32x4.mul(
        get(feature),
        SINE.slice(0, 4).reduceRight<Code>(
          (sum, factor) => f32x4.add(f32x4.mul(sum, get(square)), f32x4.const(factor)),
          f32x4.const(SINE[4]),
        ),
      ),
    ),
  ])
  const [a, b, c, d] = features.map((feature) => get(feature)) as [Code, Code, Code, Code]
  const [p, q, r, s] = pairs as [Local, Local, Local, Local]
  const transposed = [
    v128.shuffle(get(p), get(q), [0, 1, 4, 5]),
    v128.shuffle(get(p), get(q), [2, 3, 6, 7]),
    v128.shuffle(get(r), get(s), [0, 1, 4, 5]),
    v128.shuffle(get(r), get(s), [2, 3, 6, 7]),
  ]
  const body = [
    ...set(turn, v128.load(get(turns))),
    ...set(end, i32.add(get(work), i32.shl(get(width), i32.const(4)))),
    ...repeatWhile(
      i32.less(get(work), get(end)),
      ...made,
      set(p, v128.shuffle(a, b, [0, 4, 1, 5])),
      set(q, v128.shuffle(c, d, [0, 4, 1, 5])),
      set(r, v128.shuffle(a, b, [2, 6, 3, 7])),
      set(s, v128.shuffle(c, d, [2, 6, 3, 7])),
      set(to, get(out)),
      ...transposed.map((block) => [...v128.store(get(to), block), ...set(to, i32.add(get(to), get(stride)))]),
      step(work, 64),
      step(phases, 64),
      step(out, 16),
    ),
  ]
  return locals.function('cosine', body)
}
