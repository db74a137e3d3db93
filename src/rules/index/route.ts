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

/** Indexes held at once. Log sources are a few constants; an endless number of them would be the input's doing. */
export const MOST_INDEXES = 256
/** Log sources as written whose index is remembered; with one more, all are forgotten. */
const MOST_WRITTEN = 1024

/**
 * Log source -> the rules that look at it, indexed. Remembered by the log source as written; log sources that the same rules
 * look at share one index. Of more than MOST_INDEXES the one that was made first is given up.
 */
export class Routes {
  /** Rules that name the same log source together, so that one look decides over all of them. */
  readonly #groups: readonly (readonly Placed[])[]
  readonly #byWritten = new Map<string, RuleIndex>()
  readonly #byRules = new Map<string, RuleIndex>()
  #last: Logsource = {}
  #lastIndex: RuleIndex | undefined

  constructor(rules: readonly Placed[]) {
    this.#groups = [...Map.groupBy(rules, ({ rule }) => writtenOf(rule.facts.logsource)).values()]
  }

  /** How many indexes are held. */
  get held(): number {
    return this.#byRules.size
  }

  to(logsource: Logsource): RuleIndex {
    const last = this.#last
    if (
      this.#lastIndex &&
      (logsource === last ||
        (logsource.category === last.category &&
          logsource.product === last.product &&
          logsource.service === last.service))
    )
      return this.#lastIndex
    const written = writtenOf(logsource)
    const found = this.#byWritten.get(written) ?? this.#find(logsource)
    if (this.#byWritten.size >= MOST_WRITTEN) this.#byWritten.clear()
    this.#byWritten.set(written, found)
    this.#last = logsource
    this.#lastIndex = found
    return found
  }

  #find(logsource: Logsource): RuleIndex {
    const groups = this.#groups.filter(([first]) => first && isRouted(first.rule.facts.logsource, logsource))
    const key = groups.map(([first]) => first?.place).join()
    return this.#byRules.get(key) ?? this.#build(key, groups.flat())
  }

  #build(key: string, rules: readonly Placed[]): RuleIndex {
    const [first] = this.#byRules.keys()
    if (first !== undefined && this.#byRules.size >= MOST_INDEXES) {
      this.#byRules.delete(first)
      this.#byWritten.clear()
    }
    const built = new RuleIndex(rules)
    this.#byRules.set(key, built)
    return built
  }
}

/** No two log sources are written alike, whatever is in their words. */
function writtenOf({ category, product, service }: Logsource): string {
  return JSON.stringify([category, product, service])
}
