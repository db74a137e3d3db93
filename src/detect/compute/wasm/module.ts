import * as emit from './emit.ts'
import { accumulate, dense, screen } from './products.ts'
import { cosine } from './cosine.ts'
import { hadamardPasses } from './hadamard.ts'
import { learning, type LearningExports } from './learning.ts'
import { at, f32, f32x4, get, i32, repeatWhile, set, step, v128, when } from './emit.ts'

/** The largest memory of an arena: 2 GiB. */
export const MAX_PAGES = 32_768

/** The exports; every pointer is a byte address, every panel `depth` columns deep, `depth` a multiple of UNROLL. */
export interface Exports extends LearningExports {
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
  /**
   * The features of four blocks, a byte each, from their projections, which lie in turn; `stride` bytes from block to
   * block of `out`, `width` a multiple of 4.
   */
  cosine(work: number, width: number, turns: number, phases: number, out: number, stride: number): void
}

/** The bytes of the module; `fused` with relaxed-SIMD multiply-add in the dot products, rounded once. */
export function moduleBytes(fused: boolean): Uint8Array<ArrayBuffer> {
  const imports: readonly emit.Import[] = [{ name: 'examine', parameters: ['i32', 'i32', 'i32'] }]
  return emit.assemble(
    imports,
    [screen(fused), dense(fused), accumulate(fused), search(), cosine(fused), ...hadamardPasses(), ...learning(fused)],
    MAX_PAGES,
  )
}

/** A module that says whether the machine rounds relaxed multiply-add once: `probe` does one with what lies at 0, 16 and 32. */
export function probeBytes(): Uint8Array<ArrayBuffer> {
  const zero = i32.const(0)
  const [a, b, c] = [0, 16, 32].map((offset) => v128.load(zero, offset)) as [emit.Code, emit.Code, emit.Code]
  const body = v128.store(zero, f32x4.fusedMultiplyAdd(a, b, c))
  return emit.assemble([], [new emit.Locals().function('probe', body)], 1)
}

/** Four binary searches side by side, without branches: `count` is a multiple of 4. */
function search(): emit.Function {
  const locals = new emit.Locals('i32', 'i32', 'i32', 'i32', 'i32')
  const [values, count, sorted, references, cells] = locals.given(5)
  const [end, left, half] = locals.several('i32', 3)
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
