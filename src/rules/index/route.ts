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

/**
 * Log source -> the rules that look at it, indexed. Remembered by the log source object; where objects differ, log sources
 * that the same rules look at share one index. Of more than MOST_INDEXES the one that was made first is given up.
 */
export class Routes {
  readonly #rules: readonly Placed[]
  #byObject = new WeakMap<Logsource, RuleIndex>()
  readonly #byRules = new Map<string, RuleIndex>()
  #last: Logsource | undefined
  #lastIndex: RuleIndex | undefined

  constructor(rules: readonly Placed[]) {
    this.#rules = rules
  }

  /** How many indexes are held. */
  get held(): number {
    return this.#byRules.size
  }

  to(logsource: Logsource): RuleIndex {
    if (this.#lastIndex && logsource === this.#last) return this.#lastIndex
    const found = this.#byObject.get(logsource) ?? this.#find(logsource)
    this.#last = logsource
    this.#lastIndex = found
    return found
  }

  #find(logsource: Logsource): RuleIndex {
    const rules = this.#rules.filter(({ rule }) => isRouted(rule.facts.logsource, logsource))
    const key = rules.map(({ place }) => place).join()
    const found = this.#byRules.get(key) ?? this.#build(key, rules)
    this.#byObject.set(logsource, found)
    return found
  }

  #build(key: string, rules: readonly Placed[]): RuleIndex {
    const [first] = this.#byRules.keys()
    if (first !== undefined && this.#byRules.size >= MOST_INDEXES) {
      this.#byRules.delete(first)
      this.#byObject = new WeakMap()
    }
    const built = new RuleIndex(rules)
    this.#byRules.set(key, built)
    return built
  }
}
