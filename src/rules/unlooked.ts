import type { Event } from '../contract/event.ts'
import { isRouted } from './index/route.ts'
import type { Rule } from './parse/syntax.ts'

/** Log sources counted each for itself; events of more are counted together. */
const MOST_SOURCES = 1_000
const OTHERS = 'other log sources'

/** Counts events of log sources that no rule looks at: for these a rule's silence says nothing. */
export class UnlookedSources {
  readonly #rules: readonly Rule[]
  readonly #isLooked = new Map<string, boolean>()
  /** `log source product: windows, service: dns`, or `no log source` -> events. */
  readonly counts = new Map<string, number>()

  constructor(rules: readonly Rule[]) {
    this.#rules = rules
  }

  note({ logsource }: Event): void {
    const words = wordsOf(logsource)
    let looked = this.#isLooked.get(words)
    if (looked === undefined) {
      looked = this.#rules.some(({ facts }) => isRouted(facts.logsource, logsource))
      if (this.#isLooked.size < MOST_SOURCES) this.#isLooked.set(words, looked)
    }
    if (looked) return
    const name = this.#isLooked.has(words) ? words : OTHERS
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
  }
}

function wordsOf({ category, product, service }: Event['logsource']): string {
  const parts = Object.entries({ category, product, service }).filter(([, word]) => word !== undefined)
  if (parts.length === 0) return 'no log source'
  return `log source ${parts.map(([part, word]) => `${part}: ${String(word)}`).join(', ')}`
}
