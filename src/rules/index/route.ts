import type { Logsource } from '../../contract/event.ts'
import type { CompiledRule } from '../compile/rule.ts'
import { Candidates } from './candidates.ts'

/** Whether a rule looks at events of a log source: each part that the rule names must be equal, what it leaves out may be anything. */
export function isRouted(rule: Logsource, event: Logsource): boolean {
  return fits(rule.category, event.category) && fits(rule.product, event.product) && fits(rule.service, event.service)
}

function fits(wanted: string | undefined, is: string | undefined): boolean {
  return wanted === undefined || wanted.toLowerCase() === is?.toLowerCase()
}

/** Log source -> the rules that look at it, indexed. Remembered by the log source object, and by its words where objects differ. */
export class Routes {
  readonly #rules: readonly CompiledRule[]
  readonly #byObject = new WeakMap<Logsource, Candidates>()
  readonly #byWords = new Map<string, Candidates>()
  #last: Logsource | undefined
  #lastCandidates: Candidates | undefined

  constructor(rules: readonly CompiledRule[]) {
    this.#rules = rules
  }

  to(logsource: Logsource): Candidates {
    if (this.#lastCandidates && logsource === this.#last) return this.#lastCandidates
    const found = this.#byObject.get(logsource) ?? this.#build(logsource)
    this.#last = logsource
    this.#lastCandidates = found
    return found
  }

  #build(logsource: Logsource): Candidates {
    const words = JSON.stringify(
      [logsource.category, logsource.product, logsource.service].map((word) => word?.toLowerCase() ?? null),
    )
    const found =
      this.#byWords.get(words) ??
      new Candidates(this.#rules.filter(({ rule }) => isRouted(rule.facts.logsource, logsource)))
    // Log sources are a few constants; an endless number of them would be the input's doing and is not remembered.
    if (this.#byWords.size < 1000) this.#byWords.set(words, found)
    this.#byObject.set(logsource, found)
    return found
  }
}
