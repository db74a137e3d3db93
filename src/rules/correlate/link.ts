import type { Problem } from '../../runtime/errors.ts'
import { partOf } from '../parse/part.ts'
import type { Correlation, Path, Rule } from '../parse/syntax.ts'
import type { RuleFacts } from '../../contract/rules.ts'
import { Rows } from '../state/rows.ts'
import type { Memory } from '../state/stateful.ts'
import { Reading } from './fields.ts'
import { CorrelationMemory, groupsOf, type CorrelationOptions, type Counters, type Fed } from './memory.ts'
import { Pool } from './pool.ts'

/** Correlations that may stand one behind the other: each is a step down the stack, here and at every event. */
export const MOST_CHAINED = 1_000

export interface Linked {
  /** Correlations, each after those that feed it: ready for a judge. */
  readonly remembering: readonly {
    readonly facts: RuleFacts
    readonly feeds: readonly string[]
    readonly memory: Memory & { readonly counters: Counters }
  }[]
  /** Ids of rules and correlations that feed a correlation and do not speak for themselves. */
  readonly silent: ReadonlySet<string>
  /** A correlation with a problem is refused alone, with those that it feeds. */
  readonly problems: readonly Problem[]
  /** What all correlations together have left out since they were linked. */
  counters(): Counters
}

type Named = Rule | Correlation

/** Finds what every correlation refers to, and orders them. Names and ids are looked for among all rules and correlations. */
export function linkCorrelations(
  correlations: readonly Correlation[],
  rules: readonly Rule[],
  options: CorrelationOptions,
): Linked {
  const linker = new Linker(rules, correlations)
  const linked: Linked['remembering'][number][] = []
  const silent = new Set<string>()
  const loud = new Set<string>()
  for (const correlation of correlations) linker.visit(correlation)
  const shared = { reading: new Reading(options.hash), valued: new Pool(3), valueless: new Pool(2) }
  const rowsOf = new Map<string, Rows>()
  for (const [correlation, feds] of linker.ordered) {
    const groups = groupsOf(correlation, feds)
    const rows = rowsOf.get(groups) ?? new Rows()
    rowsOf.set(groups, rows)
    const memory = new CorrelationMemory(correlation, feds, options, { ...shared, rows })
    linked.push({ facts: correlation.facts, feeds: feds.map((fed) => fed.id), memory })
    for (const { id } of feds) (correlation.generate ? loud : silent).add(id)
  }
  return {
    remembering: linked,
    silent: new Set([...silent].filter((id) => !loud.has(id))),
    problems: linker.problems,
    counters: () => sumOf(linked.map(({ memory }) => memory.counters)),
  }
}

function sumOf(counters: readonly Counters[]): Counters {
  const sum: Counters = { late: 0, ungrouped: 0, valueless: 0, dropped: 0 }
  for (const { late, ungrouped, valueless, dropped } of counters) {
    sum.late += late
    sum.ungrouped += ungrouped
    sum.valueless += valueless
    sum.dropped += dropped
  }
  return sum
}

class Linker {
  readonly problems: Problem[] = []
  readonly ordered = new Map<Correlation, readonly Fed[]>()
  readonly #called = new Map<string, Named[]>()
  readonly #correlations: ReadonlySet<Named>
  readonly #refused = new Set<Named>()
  readonly #path: Correlation[] = []
  /** Of correlations that are ready: how many stand one behind the other, itself the last. */
  readonly #depths = new Map<Named, number>()

  constructor(rules: readonly Rule[], correlations: readonly Correlation[]) {
    this.#correlations = new Set(correlations)
    for (const one of [...rules, ...correlations])
      for (const name of new Set([one.facts.id, one.name ?? one.facts.id]))
        this.#called.set(name, [...(this.#called.get(name) ?? []), one])
  }

  /** Whether the correlation is ready; it stands in `ordered` then. */
  visit(correlation: Correlation): boolean {
    if (this.ordered.has(correlation)) return true
    if (this.#refused.has(correlation)) return false
    const feds = this.#path.includes(correlation) ? this.#cycle(correlation) : this.#fedsOrTooMany(correlation)
    if (feds) this.ordered.set(correlation, feds)
    else this.#refused.add(correlation)
    return feds !== undefined
  }

  #fedsOrTooMany(correlation: Correlation): readonly Fed[] | undefined {
    if (this.#path.length < MOST_CHAINED) return this.#feds(correlation)
    return this.#tooMany(correlation)
  }

  #tooMany(correlation: Correlation): undefined {
    const what = `more than ${MOST_CHAINED.toLocaleString('en')} correlations stand one behind the other`
    this.#report(correlation, ['rules'], what, 'Refer to rules, or to correlations nearer to them')
  }

  #feds(correlation: Correlation): readonly Fed[] | undefined {
    this.#path.push(correlation)
    const feds = new Map<Named, { called: string[]; places: number[] }>()
    let isGood = true
    for (const [place, reference] of correlation.rules.entries()) {
      const found = this.#resolve(correlation, reference, place)
      isGood &&= found !== undefined
      if (!found) continue
      const fed = feds.get(found) ?? {
        called: [found.facts.id, ...(found.name === undefined ? [] : [found.name])],
        places: [],
      }
      if (fed.places.length > 0 && correlation.type === 'temporal') {
        const [before = 0] = fed.places
        const what = `it is the same rule as ${correlation.rules[before] ?? ''}`
        this.#report(correlation, partAt(correlation, place), what, 'List it once')
        isGood = false
      }
      fed.places.push(place)
      feds.set(found, fed)
    }
    this.#path.pop()
    if (isGood)
      isGood = this.#checkAliases(
        correlation,
        [...feds.values()].flatMap((fed) => fed.called),
      )
    if (!isGood || this.#refused.has(correlation)) return undefined
    const depth = 1 + Math.max(0, ...[...feds.keys()].map((fed) => this.#depths.get(fed) ?? 0))
    if (depth > MOST_CHAINED) return this.#tooMany(correlation)
    this.#depths.set(correlation, depth)
    return [...feds].map(([{ facts }, fed]) => ({ id: facts.id, ...fed }))
  }

  #resolve(correlation: Correlation, reference: string, place: number): Named | undefined {
    const part = partAt(correlation, place)
    const [found, ...others] = this.#called.get(reference) ?? []
    if (!found) {
      const near = nearest(reference, [...this.#called.keys()])
      const cure = near === undefined ? 'Load the rule too, or correct the reference' : `Is ${near} meant?`
      this.#report(correlation, part, `no rule is called ${reference}`, cure)
    } else if (others.length > 0) {
      const files = [found, ...others].map(({ facts }) => facts.file).join(', ')
      this.#report(correlation, part, `several rules are called ${reference}: ${files}`, 'Refer to one by its id')
    } else if (!this.#correlations.has(found) || this.visit(found as Correlation)) return found
    else if (!this.#refused.has(correlation))
      this.#report(correlation, part, `${reference} was refused`, 'Cure that correlation first')
    return undefined
  }

  #cycle(correlation: Correlation): undefined {
    const round = [...this.#path.slice(this.#path.indexOf(correlation)), correlation]
    const names = round.map(({ name, facts }) => name ?? facts.title).join(' <- ')
    this.#report(correlation, ['rules'], `it feeds itself: ${names}`, 'Take one reference out of the circle')
    for (const one of round) this.#refused.add(one)
  }

  #checkAliases(correlation: Correlation, called: readonly string[]): boolean {
    let isGood = true
    for (const [alias, fields] of Object.entries(correlation.aliases))
      for (const name of Object.keys(fields).filter((one) => !called.includes(one))) {
        const cure = `There are: ${correlation.rules.join(', ')}`
        this.#report(correlation, ['aliases', alias, name], 'this rule does not feed the correlation', cure)
        isGood = false
      }
    return isGood
  }

  #report({ facts, lineOf }: Correlation, part: Path, what: string, cure: string): void {
    const path = ['correlation', ...part]
    this.problems.push({ file: facts.file, line: lineOf(path), part: partOf(path), what, cure })
  }
}

function partAt({ listedAt }: Correlation, place: number): Path {
  return ['rules', listedAt[place] ?? place]
}

/** A name that may have been meant: one that differs in few characters. */
function nearest(wanted: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.floor(wanted.length / 3) + 1
  for (const name of names) {
    if (Math.abs(name.length - wanted.length) >= least) continue
    const distance = distanceOf(wanted, name)
    if (distance >= least) continue
    least = distance
    best = name
  }
  return best
}

/** Levenshtein's distance. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
