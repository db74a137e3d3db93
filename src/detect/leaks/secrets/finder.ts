import type { Findings, Leak, LeakFinder, Where } from '../leak.ts'
import { WordScan } from '../word-scan.ts'
import { CompiledAllowlist, CompiledRule } from './rule.ts'
import type { SecretPack } from './gitleaks.ts'

/** Characters that each pattern may look at in one text; a text full of keywords costs no more. */
const MOST_LOOKED_AT = 65_536

/**
 * Secrets by one or more packs. One pass finds keywords; a rule's pattern then looks at the text around them only.
 * `limit` bounds the characters each pattern looks at (an attacker's text full of keywords); Infinity for files at rest.
 */
export class SecretFinder implements LeakFinder {
  readonly rules: readonly string[]
  readonly #compiled: readonly CompiledRule[]
  readonly #always: readonly number[]
  readonly #words: WordScan
  /** For each word the rules that it is a keyword of. */
  readonly #rulesOf: readonly (readonly number[])[]
  readonly #limit: number

  constructor(packs: readonly SecretPack[], limit = MOST_LOOKED_AT) {
    this.#limit = limit
    this.#compiled = packs.flatMap((pack) => {
      const everywhere = pack.allowlists.map((list) => new CompiledAllowlist(list))
      return pack.rules.map((rule) => new CompiledRule(rule, everywhere))
    })
    this.rules = [...new Set(this.#compiled.map(({ rule }) => rule.id))]
    const words = new Map<string, number[]>()
    for (const [at, { rule }] of this.#compiled.entries())
      for (const word of new Set(rule.keywords.map((keyword) => keyword.toLowerCase()))) {
        const known = words.get(word)
        if (known) known.push(at)
        else words.set(word, [at])
      }
    this.#words = new WordScan([...words.keys()], true)
    this.#rulesOf = [...words.values()]
    this.#always = this.#compiled.flatMap(({ rule }, at) => (rule.keywords.length === 0 ? [at] : []))
  }

  find(text: string, { path = '' }: Where = {}): Findings {
    // Most texts hold no keyword at all.
    let windows: Map<number, Window[]> | undefined
    this.#words.scan(text, (word, at) => {
      windows ??= new Map()
      for (const rule of this.#rulesOf[word] ?? []) this.#widen(windows, rule, at, text.length)
    })
    if (!windows && this.#always.length === 0) return NOTHING
    windows ??= new Map()
    for (const rule of this.#always) windows.set(rule, [{ from: 0, to: text.length }])
    const leaks: Leak[] = []
    let unread = 0
    for (const [at, parts] of windows) {
      const compiled = this.#compiled[at]
      if (!compiled?.looksAt(path)) continue
      let left = this.#limit
      for (const { from, to: wanted } of parts) {
        const to = Math.min(wanted, from + left)
        left -= to - from
        unread += wanted - to
        if (to === from && to > 0) continue
        for (const { start, end, secret } of compiled.find(text, from, to, path))
          leaks.push({ rule: compiled.rule.id, start, end, secret })
      }
    }
    return { leaks: leaks.length > 1 ? distinct(leaks) : leaks, unread }
  }

  #widen(windows: Map<number, Window[]>, rule: number, at: number, length: number): void {
    const [before, behind] = this.#compiled[rule]?.rule.reach ?? [0, 0]
    const [from, to] = [Math.max(0, at - before), Math.min(length, at + behind)]
    const parts = windows.get(rule)
    const last = parts?.at(-1)
    if (last && from <= last.to) last.to = Math.max(last.to, to)
    else if (parts) parts.push({ from, to })
    else windows.set(rule, [{ from, to }])
  }
}

const NOTHING: Findings = { leaks: [], unread: 0 }

interface Window {
  from: number
  to: number
}

/**
 * In order of place; what two windows or packs both saw is told once, and what a generic rule saw not at all where a
 * particular one saw it too.
 */
function distinct(leaks: readonly Leak[]): Leak[] {
  const seen = new Set<string>()
  const particular = leaks.filter((leak) => !isGeneric(leak))
  return leaks
    .filter((leak) => !isGeneric(leak) || !particular.some(({ start, end }) => start < leak.end && leak.start < end))
    .toSorted((a, b) => a.start - b.start || a.end - b.end)
    .filter((leak) => {
      const mark = `${leak.rule} ${leak.start} ${leak.secret}`
      return !seen.has(mark) && seen.add(mark)
    })
}

function isGeneric(leak: Leak): boolean {
  return leak.rule.startsWith('generic')
}
