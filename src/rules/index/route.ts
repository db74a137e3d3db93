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

/** Log source -> the rules that look at it, indexed. Remembered by the log source object, and by its words where objects differ. */
export class Routes {
  readonly #rules: readonly Placed[]
  readonly #byObject = new WeakMap<Logsource, RuleIndex>()
  readonly #byWords = new Map<string, RuleIndex>()
  #last: Logsource | undefined
  #lastIndex: RuleIndex | undefined

  constructor(rules: readonly Placed[]) {
    this.#rules = rules
  }

  to(logsource: Logsource): RuleIndex {
    if (this.#lastIndex && logsource === this.#last) return this.#lastIndex
    const found = this.#byObject.get(logsource) ?? this.#build(logsource)
    this.#last = logsource
    this.#lastIndex = found
    return found
  }

  #build(logsource: Logsource): RuleIndex {
    const words = JSON.stringify(
      [logsource.category, logsource.product, logsource.service].map((word) => word ?? null),
    ).toLowerCase()
    const found =
      this.#byWords.get(words) ??
      new RuleIndex(this.#rules.filter(({ rule }) => isRouted(rule.facts.logsource, logsource)))
    // Log sources are a few constants; an endless number of them would be the input's doing and is not remembered.
    if (this.#byWords.size < 1000) this.#byWords.set(words, found)
    this.#byObject.set(logsource, found)
    return found
  }
}
