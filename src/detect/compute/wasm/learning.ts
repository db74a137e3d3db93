import * as emit from './emit.ts'
import { at, f32x4, get, i32, repeatWhile, set, step, v128, type Code, type Local } from './emit.ts'

/** Rows and columns of a tile of `multiply`: eight accumulators. */
export const TILE = { rows: 4, columns: 8 } as const

/** What training adds to the module; every pointer is a byte address, every count is above 0. */
export interface LearningExports {
  /**
   * out[row, column] = max(floor[0], Σ a[row, term] · b[term, column]), of which the columns of `b` and `out` lie side by
   * side; `rowTiles` and `columnTiles` count tiles. Steps are in bytes: of `a` from row to row and from term to term, of
   * `b` from term to term, of `out` from row to row.
   */
  multiply(
    a: number,
    aRow: number,
    aTerm: number,
    b: number,
    bTerm: number,
    terms: number,
    out: number,
    outRow: number,
    rowTiles: number,
    columnTiles: number,
    floor: number,
  ): void
  /** out[column, row] = values[row, column], by squares of four; steps in bytes. */
  turn(values: number, valuesRow: number, rows: number, columns: number, out: number, outRow: number): void
  /** out = 2 · (made - given), so many bytes of each. */
  differ(made: number, given: number, out: number, bytes: number): void
  /** Zero where `made` is not above zero, so many bytes of each. */
  mask(delta: number, made: number, bytes: number): void
  /** A step of Adam; `factors` are the share of a row, what is added to the moments, the rate and epsilon. */
  descend(weights: number, slopes: number, first: number, second: number, bytes: number, factors: number): void
}

export function learning(fused: boolean): readonly emit.Function[] {
  return [multiply(fused), turn(), differ(), mask(), descend()]
}

function multiply(fused: boolean): emit.Function {
  const locals = new emit.Locals(...Array.from({ length: 11 }, () => 'i32' as const))
  const [a, aRow, aTerm, b, bTerm, terms, out, outRow, rowTiles, columnTiles, floor] = locals.given(11)
  const [left, right, to, row, column, term] = locals.several('i32', 6)
  const rows = locals.several('i32', TILE.rows)
  const sums = locals.several('v128', TILE.rows * 2)
  const least = locals.add('v128')
  const body = [
    ...set(least, v128.loadSplat(get(floor))),
    ...set(column, i32.const(0)),
    ...repeatWhile(
      i32.less(get(column), get(columnTiles)),
      set(row, i32.const(0)),
      set(left, get(a)),
      set(to, i32.add(get(out), i32.mul(get(column), i32.const(TILE.columns * 4)))),
      repeatWhile(
        i32.less(get(row), get(rowTiles)),
        set(at(rows, 0), get(left)),
        ...rows.slice(1).map((one, index) => set(one, i32.add(get(at(rows, index)), get(aRow)))),
        set(left, i32.add(get(at(rows, TILE.rows - 1)), get(aRow))),
        set(right, i32.add(get(b), i32.mul(get(column), i32.const(TILE.columns * 4)))),
        ...sums.map((sum) => set(sum, f32x4.const(0))),
        set(term, get(terms)),
        repeatWhile(
          get(term),
          addTerm(locals, fused, { rows, aTerm, right, sums }),
          set(right, i32.add(get(right), get(bTerm))),
          step(term, -1),
        ),
        ...rows.flatMap((_, index) => [
          v128.store(get(to), f32x4.max(get(least), get(at(sums, index * 2)))),
          v128.store(get(to), f32x4.max(get(least), get(at(sums, index * 2 + 1))), 16),
          set(to, i32.add(get(to), get(outRow))),
        ]),
        step(row, 1),
      ),
      step(column, 1),
    ),
  ]
  return locals.function('multiply', body)
}

interface Factors {
  /** Where the next term of each row of `a` lies. */
  readonly rows: readonly Local[]
  readonly aTerm: Local
  readonly right: Local
  readonly sums: readonly Local[]
}

/** Adds one term to the sums of a tile, and moves on in `a`. */
function addTerm(locals: emit.Locals, fused: boolean, { rows, aTerm, right, sums }: Factors): Code {
  const [low, high, factor] = locals.several('v128', 3)
  const grown = (sum: Local, part: Local): Code =>
    set(
      sum,
      fused
        ? f32x4.fusedMultiplyAdd(get(factor), get(part), get(sum))
        : f32x4.add(get(sum), f32x4.mul(get(factor), get(part))),
    )
  return [
    ...set(low, v128.load(get(right))),
    ...set(high, v128.load(get(right), 16)),
    ...rows.flatMap((one, index) => [
      ...set(factor, v128.loadSplat(get(one))),
      ...grown(at(sums, index * 2), low),
      ...grown(at(sums, index * 2 + 1), high),
      ...set(one, i32.add(get(one), get(aTerm))),
    ]),
  ]
}

function turn(): emit.Function {
  const locals = new emit.Locals('i32', 'i32', 'i32', 'i32', 'i32', 'i32')
  const [values, valuesRow, rows, columns, out, outRow] = locals.given(6)
  const [from, to, row, column] = locals.several('i32', 4)
  const lines = locals.several('v128', 4)
  const halves = locals.several('v128', 4)
  const line = (index: number): Code => get(at(lines, index))
  const half = (index: number): Code => get(at(halves, index))
  const pairs: readonly (readonly [number, number, readonly number[]])[] = [
    [0, 1, [0, 4, 1, 5]],
    [2, 3, [0, 4, 1, 5]],
    [0, 1, [2, 6, 3, 7]],
    [2, 3, [2, 6, 3, 7]],
  ]
  const turned = [
    v128.shuffle(half(0), half(1), [0, 1, 4, 5]),
    v128.shuffle(half(0), half(1), [2, 3, 6, 7]),
    v128.shuffle(half(2), half(3), [0, 1, 4, 5]),
    v128.shuffle(half(2), half(3), [2, 3, 6, 7]),
  ]
  const body = [
    ...set(row, i32.const(0)),
    ...repeatWhile(
      i32.less(get(row), get(rows)),
      set(column, i32.const(0)),
      set(to, i32.add(get(out), i32.shl(get(row), i32.const(2)))),
      repeatWhile(
        i32.less(get(column), get(columns)),
        set(from, i32.add(get(values), i32.shl(get(column), i32.const(2)))),
        ...lines.flatMap((one) => [set(one, v128.load(get(from))), set(from, i32.add(get(from), get(valuesRow)))]),
        ...pairs.map(([one, other, lanes], index) =>
          set(at(halves, index), v128.shuffle(line(one), line(other), lanes)),
        ),
        ...turned.flatMap((one) => [v128.store(get(to), one), set(to, i32.add(get(to), get(outRow)))]),
        step(column, 4),
      ),
      set(values, i32.add(get(values), i32.shl(get(valuesRow), i32.const(2)))),
      step(row, 4),
    ),
  ]
  return locals.function('turn', body)
}

function differ(): emit.Function {
  const locals = new emit.Locals('i32', 'i32', 'i32', 'i32')
  const [made, given, out, bytes] = locals.given(4)
  const difference = locals.add('v128')
  const body = everyFour(
    locals,
    bytes,
    [made, given, out],
    [
      set(difference, f32x4.sub(v128.load(get(made)), v128.load(get(given)))),
      v128.store(get(out), f32x4.add(get(difference), get(difference))),
    ],
  )
  return locals.function('differ', body)
}

function mask(): emit.Function {
  const locals = new emit.Locals('i32', 'i32', 'i32')
  const [delta, made, bytes] = locals.given(3)
  const above = f32x4.greater(v128.load(get(made)), f32x4.const(0))
  const body = everyFour(locals, bytes, [delta, made], [v128.store(get(delta), v128.and(v128.load(get(delta)), above))])
  return locals.function('mask', body)
}

function descend(): emit.Function {
  const locals = new emit.Locals('i32', 'i32', 'i32', 'i32', 'i32', 'i32')
  const [weights, slopes, first, second, bytes, from] = locals.given(6)
  const factors = locals.several('v128', 5)
  const [share, mean, square, rate, epsilon] = factors.map(get) as [Code, Code, Code, Code, Code]
  const [slope, one, two] = locals.several('v128', 3)
  const moved = (moment: Code, share: Code, value: Code): Code =>
    f32x4.add(moment, f32x4.mul(share, f32x4.sub(value, moment)))
  const body = [
    ...factors.flatMap((factor, index) => set(factor, v128.loadSplat(get(from), index * 4))),
    ...everyFour(
      locals,
      bytes,
      [weights, slopes, first, second],
      [
        set(slope, f32x4.mul(v128.load(get(slopes)), share)),
        set(one, moved(v128.load(get(first)), mean, get(slope))),
        set(two, moved(v128.load(get(second)), square, f32x4.mul(get(slope), get(slope)))),
        v128.store(get(first), get(one)),
        v128.store(get(second), get(two)),
        v128.store(
          get(weights),
          f32x4.sub(
            v128.load(get(weights)),
            f32x4.div(f32x4.mul(rate, get(one)), f32x4.add(f32x4.sqrt(get(two)), epsilon)),
          ),
        ),
      ],
    ),
  ]
  return locals.function('descend', body)
}

/** Four numbers at a time of so many bytes; the pointers move on together. */
function everyFour(locals: emit.Locals, bytes: Local, pointers: readonly Local[], work: readonly Code[]): Code {
  const left = locals.add('i32')
  return [
    ...set(left, get(bytes)),
    ...repeatWhile(get(left), ...work, ...pointers.map((pointer) => step(pointer, 16)), step(left, -16)),
  ]
}
