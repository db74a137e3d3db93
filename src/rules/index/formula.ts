/**
 * What a rule asks, over numbered atoms. An atom from 0 is one that looking through the values finds; a negative one, `~n`, is
 * the nth question that is asked only when it comes to it.
 */
export type Formula =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Formula[] }
  | { readonly kind: 'not'; readonly part: Formula }
  | { readonly kind: 'atom'; readonly atom: number }

/** The ends of a program: the rule holds, or it does not. */
export const HOLDS = -1
export const FAILS = -2

/**
 * Formulas as jumps: at each place an atom, and the places at which to go on when it holds and when not. No formula needs a
 * stack, and all of them lie in one array.
 */
export class Program {
  readonly #code: number[] = []
  readonly #costOf: (atom: number) => number

  /** `costOf`: what asking an atom costs, roughly; 0 for one that looking through the values finds. */
  constructor(costOf: (atom: number) => number) {
    this.#costOf = costOf
  }

  /** Where the formula begins. */
  add(formula: Formula): number {
    return this.#emit(formula, HOLDS, FAILS)
  }

  finish(): Int32Array {
    return Int32Array.from(this.#code)
  }

  #emit(formula: Formula, holds: number, fails: number): number {
    if (formula.kind === 'atom') return this.#code.push(formula.atom, holds, fails) - 3
    if (formula.kind === 'not') return this.#emit(formula.part, fails, holds)
    const { kind, parts } = formula
    // Backwards, because each part must know where the next one begins.
    return this.#quickLast(parts).reduce(
      (next, part) => (kind === 'and' ? this.#emit(part, next, fails) : this.#emit(part, holds, next)),
      kind === 'and' ? holds : fails,
    )
  }

  /** In the order of emission: what costs most first, so that it comes last when the program runs. */
  #quickLast(parts: readonly Formula[]): readonly Formula[] {
    const costs = new Map(parts.map((part) => [part, this.#cost(part)]))
    return parts.toReversed().toSorted((a, b) => (costs.get(b) ?? 0) - (costs.get(a) ?? 0))
  }

  #cost(formula: Formula): number {
    if (formula.kind === 'atom') return this.#costOf(formula.atom)
    if (formula.kind === 'not') return this.#cost(formula.part)
    return formula.parts.reduce((sum, part) => sum + this.#cost(part), 0)
  }
}

/** The same formula over other atoms. */
export function withAtoms(formula: Formula, of: (atom: number) => number): Formula {
  if (formula.kind === 'atom') return { kind: 'atom', atom: of(formula.atom) }
  if (formula.kind === 'not') return { kind: 'not', part: withAtoms(formula.part, of) }
  return { kind: formula.kind, parts: formula.parts.map((part) => withAtoms(part, of)) }
}

/** Atoms of which one holds whenever the formula holds; the lightest such set, undefined where there is none. */
export function witnessesOf(
  formula: Formula,
  ofAtom: (atom: number, isHeld: boolean) => readonly number[] | undefined,
  weigh: (atom: number) => number,
  isHeld = true,
): readonly number[] | undefined {
  if (formula.kind === 'atom') return ofAtom(formula.atom, isHeld)
  if (formula.kind === 'not') return witnessesOf(formula.part, ofAtom, weigh, !isHeld)
  const parts = formula.parts.map((part) => witnessesOf(part, ofAtom, weigh, isHeld))
  if ((formula.kind === 'and') === isHeld) return lightest(parts, weigh)
  const known = parts.filter((part) => part !== undefined)
  return known.length === parts.length ? [...new Set(known.flat())] : undefined
}

function lightest(
  parts: readonly (readonly number[] | undefined)[],
  weigh: (atom: number) => number,
): readonly number[] | undefined {
  let best: readonly number[] | undefined
  let least = Infinity
  for (const part of parts) {
    const weight = part?.reduce((sum, atom) => sum + weigh(atom), 0) ?? Infinity
    if (weight < least) [best, least] = [part, weight]
  }
  return best
}
