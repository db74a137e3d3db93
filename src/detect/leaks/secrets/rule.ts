import { RE2JS } from 're2js'
import { entropyOf } from './entropy.ts'

/** One pattern for secrets, as packs write it (the fields of gitleaks' rules). */
export interface SecretRule {
  readonly id: string
  /** RE2 syntax: linear in the text, whatever the pattern. */
  readonly regex?: string
  /** The group that is the secret; absent: the first group that is not empty, or the whole match. */
  readonly secretGroup?: number
  /** The secret's entropy must be above, in bits a character. */
  readonly entropy?: number
  /** One of them must stand in the text, in any case; none: the pattern always looks. */
  readonly keywords: readonly string[]
  /** The file's path must match. With no `regex` the path itself is the finding. */
  readonly path?: string
  readonly allowlists: readonly Allowlist[]
  /** How far before and behind a keyword a match may begin and end, in characters. */
  readonly reach: readonly [before: number, behind: number]
  /** Own packs only: what a match must contain, by a native pattern that never goes back far; spares the slower one. */
  readonly shape?: RegExp
}

/** What is no secret after all: by `any` of its checks, or only by `all` that it names. */
export interface Allowlist {
  readonly condition: 'any' | 'all'
  readonly regexTarget: 'secret' | 'match' | 'line'
  readonly regexes: readonly string[]
  /** Parts of the secret, in any case. */
  readonly stopwords: readonly string[]
  readonly paths: readonly string[]
}

interface Match {
  readonly start: number
  readonly end: number
  readonly match: string
  readonly secret: string
}

/** A rule made ready. Compiled on first use: a pack of hundreds costs a third of a second otherwise. */
export class CompiledRule {
  readonly rule: SecretRule
  readonly #allowed: readonly CompiledAllowlist[]
  #regex: RE2JS | undefined
  #path: RE2JS | undefined

  constructor(rule: SecretRule, everywhere: readonly CompiledAllowlist[]) {
    this.rule = rule
    this.#allowed = [...everywhere, ...rule.allowlists.map((list) => new CompiledAllowlist(list))]
  }

  /** Whether the rule looks at a text with this path at all. */
  looksAt(path: string): boolean {
    if (this.rule.path !== undefined) {
      this.#path ??= RE2JS.compile(this.rule.path)
      if (!this.#path.matcher(path).find()) return false
    }
    return !this.#allowed.some((list) => list.allowsPath(path))
  }

  /** The secrets in `text` between `from` and `to`. */
  find(text: string, from: number, to: number, path: string): Match[] {
    const { regex, entropy } = this.rule
    if (regex === undefined) return from === 0 ? [{ start: 0, end: 0, match: '', secret: path }] : []
    this.#regex ??= RE2JS.compile(regex)
    const part = from === 0 && to === text.length ? text : text.slice(from, to)
    if (this.rule.shape?.test(part) === false) return []
    // Whether there is any match is told twenty times faster than where it is.
    if (!this.#regex.test(part)) return []
    const found: Match[] = []
    const matcher = this.#regex.matcher(part)
    while (matcher.find()) {
      const secret = this.#secretOf(matcher)
      if (secret === undefined || (entropy !== undefined && entropyOf(secret) <= entropy)) continue
      const [start, match] = [from + matcher.start(), matcher.group() ?? '']
      const candidate = { start, end: start + match.length, match, secret }
      if (!this.#allowed.some((list) => list.allows(candidate, path, () => lineOf(text, candidate))))
        found.push(candidate)
    }
    return found
  }

  #secretOf(matcher: ReturnType<RE2JS['matcher']>): string | undefined {
    const groups = matcher.groupCount()
    const { secretGroup } = this.rule
    if (secretGroup !== undefined && secretGroup > 0) return matcher.group(secretGroup) ?? undefined
    for (let group = 1; group <= groups; group++) {
      const part = matcher.group(group)
      if (part !== null && part !== '') return part
    }
    return (matcher.group() ?? '').replaceAll(/^\n+|\n+$/g, '')
  }
}

export class CompiledAllowlist {
  readonly #list: Allowlist
  readonly #stopwords: readonly string[]
  #regexes: readonly RE2JS[] | undefined
  #paths: readonly RE2JS[] | undefined

  constructor(list: Allowlist) {
    this.#list = list
    this.#stopwords = list.stopwords.map((word) => word.toLowerCase())
  }

  /** True where the path alone decides. */
  allowsPath(path: string): boolean {
    const { condition, regexes, stopwords } = this.#list
    if (condition === 'all' && (regexes.length > 0 || stopwords.length > 0)) return false
    return this.#isPath(path)
  }

  allows(found: Match, path: string, line: () => string): boolean {
    const { condition, regexTarget, regexes, paths } = this.#list
    const checks: (() => boolean)[] = []
    if (paths.length > 0) checks.push(() => this.#isPath(path))
    if (regexes.length > 0) {
      const target = regexTarget === 'line' ? line() : found[regexTarget]
      this.#regexes ??= regexes.map((regex) => RE2JS.compile(regex))
      const compiled = this.#regexes
      checks.push(() => compiled.some((regex) => regex.matcher(target).find()))
    }
    if (this.#stopwords.length > 0) {
      const secret = found.secret.toLowerCase()
      checks.push(() => this.#stopwords.some((word) => secret.includes(word)))
    }
    return checks.length > 0 && (condition === 'all' ? checks.every((is) => is()) : checks.some((is) => is()))
  }

  #isPath(path: string): boolean {
    if (path === '' || this.#list.paths.length === 0) return false
    this.#paths ??= this.#list.paths.map((regex) => RE2JS.compile(regex))
    return this.#paths.some((regex) => regex.matcher(path).find())
  }
}

/** The whole lines that a match touches. */
function lineOf(text: string, { start, end }: { readonly start: number; readonly end: number }): string {
  const from = text.lastIndexOf('\n', start - 1) + 1
  const to = text.indexOf('\n', end)
  return text.slice(from, to < 0 ? text.length : to)
}
