import type { Findings, LeakFinder, Where } from './leak.ts'

/** Several finders as one. */
export class AllOf implements LeakFinder {
  readonly rules: readonly string[]
  readonly #finders: readonly LeakFinder[]

  constructor(finders: readonly LeakFinder[]) {
    this.#finders = finders
    this.rules = [...new Set(finders.flatMap(({ rules }) => rules))]
  }

  find(text: string, where?: Where): Findings {
    const all = this.#finders.map((finder) => finder.find(text, where))
    return { leaks: all.flatMap(({ leaks }) => leaks), unread: Math.max(...all.map(({ unread }) => unread)) }
  }
}
