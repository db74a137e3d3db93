import type { Logsource } from '../../contract/event.ts'
import type { RuleFacts } from '../../contract/rules.ts'
import { RuleIndex, type Placed } from './rule-index.ts'

/** Whether a rule looks at events of a log source: each part that the rule names must be there, what it leaves out may be anything. */
export function isRouted(rule: RuleFacts['logsource'], event: Logsource): boolean {
  return fits(rule.category, event.category) && fits(rule.product, event.product) && fits(rule.service, event.service)
}

function fits(wanted: string | undefined, is: string | readonly string[] | undefined): boolean {
  if (wanted === undefined) return true
  const word = wanted.toLowerCase()
  return typeof is === 'string' ? is.toLowerCase() === word : (is?.some((one) => one.toLowerCase() === word) ?? false)
}

/** Combinations held at once. Log sources are a few constants; an endless number of them would be the input's doing. */
export const MOST_COMBINATIONS = 256
/** Log sources as written whose indexes are remembered; with one more, all are forgotten. */
const MOST_WRITTEN = 1024
/** From so many rules on, those that name the same log source have an index of their own. */
export const MANY_RULES = 64

/** Rules that name the same log source, so that one look decides over all of them. */
interface Group {
  readonly logsource: RuleFacts['logsource']
  readonly rules: readonly Placed[]
  /** Only where it has many rules. */
  index?: RuleIndex
}

/**
 * Log source -> the rules that look at it, as a few indexes: one for each log source that many rules name, which is shared by
 * all events that it fits, and one for all other rules together. Log sources that the same rules look at share these. Of
 * more than MOST_COMBINATIONS the one that was made first is given up.
 */
export class Routes {
  readonly #groups: readonly Group[]
  readonly #byWritten = new Map<string, readonly RuleIndex[]>()
  readonly #byRules = new Map<string, readonly RuleIndex[]>()
  #last: Logsource = {}
  #lastFound: readonly RuleIndex[] | undefined

  constructor(rules: readonly Placed[]) {
    const groups = Map.groupBy(rules, ({ rule }) => writtenOf(rule.facts.logsource))
    this.#groups = [...groups.values()].map((those) => ({
      logsource: those[0]?.rule.facts.logsource ?? {},
      rules: those,
    }))
  }

  /** How many combinations of rules are held. */
  get held(): number {
    return this.#byRules.size
  }

  /** Builds what takes long to build: an index at each step. */
  *warm(): Generator<void> {
    for (const group of this.#groups)
      if (isLarge(group)) {
        indexOf(group)
        yield
      }
  }

  to(logsource: Logsource): readonly RuleIndex[] {
    const last = this.#last
    if (
      this.#lastFound &&
      (logsource === last ||
        (logsource.category === last.category &&
          logsource.product === last.product &&
          logsource.service === last.service))
    )
      return this.#lastFound
    const written = writtenOf(logsource)
    const found = this.#byWritten.get(written) ?? this.#find(logsource)
    if (this.#byWritten.size >= MOST_WRITTEN) this.#byWritten.clear()
    this.#byWritten.set(written, found)
    this.#last = logsource
    this.#lastFound = found
    return found
  }

  #find(logsource: Logsource): readonly RuleIndex[] {
    const groups = this.#groups.filter((group) => isRouted(group.logsource, logsource))
    const key = groups.map(({ rules }) => rules[0]?.place).join()
    return this.#byRules.get(key) ?? this.#build(key, groups)
  }

  #build(key: string, groups: readonly Group[]): readonly RuleIndex[] {
    const [first] = this.#byRules.keys()
    if (first !== undefined && this.#byRules.size >= MOST_COMBINATIONS) {
      this.#byRules.delete(first)
      this.#byWritten.clear()
    }
    const few = groups.filter((group) => !isLarge(group)).flatMap(({ rules }) => rules)
    const built = groups.filter(isLarge).map(indexOf)
    if (few.length > 0) built.push(new RuleIndex(few))
    this.#byRules.set(key, built)
    return built
  }
}

function isLarge({ rules }: Group): boolean {
  return rules.length >= MANY_RULES
}

function indexOf(group: Group): RuleIndex {
  return (group.index ??= new RuleIndex(group.rules))
}

/** No two log sources are written alike, whatever is in their words. */
function writtenOf({ category, product, service }: Logsource): string {
  return JSON.stringify([category, product, service])
}
