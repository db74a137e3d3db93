import type { Fields, Logsource } from '../../src/contract/event.ts'
import { RuleJudge } from '../../src/rules/judge.ts'
import { parseDocuments } from '../../src/rules/parse/documents.ts'
import type { Rule } from '../../src/rules/parse/syntax.ts'
import { event } from './events.ts'
import { naiveRuleOf, type NaiveRule } from './naive-sigma.ts'

/** A rule in its YAML's values, as both readers took it. */
export interface Both {
  readonly document: unknown
  readonly rule: Rule
  readonly naive: NaiveRule
}

/** Reads a rule twice. Throws what is wrong where the engine refuses it. */
export function readBoth(document: unknown): Both {
  const { rules, problems } = parseDocuments('rule.yml', JSON.stringify(document))
  const [rule] = rules
  if (!rule)
    throw new Error(`${problems.map(({ part, what }) => `${part}: ${what}`).join('; ')} in ${JSON.stringify(document)}`)
  return { document, rule, naive: naiveRuleOf(document) }
}

export interface Asked {
  readonly fields: Fields
  readonly ecs?: Readonly<Record<string, string>>
  /** With one, rules are asked only of events of their log source. */
  readonly logsource?: Logsource
}

/** Holds the indexed engine's answers against the naive ones, and counts. */
export class Pairs {
  /** Pairs that were compared, and those of them in which the rule holds. */
  compared = 0
  held = 0
  readonly #all: readonly Both[]
  readonly #byId: ReadonlyMap<string, Both>
  readonly #everywhere: RuleJudge
  readonly #routed: RuleJudge

  constructor(all: readonly Both[]) {
    this.#all = all
    this.#byId = new Map(all.map((both) => [both.rule.facts.id, both]))
    const rules = all.map(({ rule }) => rule)
    this.#everywhere = new RuleJudge(rules, { routing: false })
    this.#routed = new RuleJudge(rules)
  }

  /** Compares every rule of `of` and every rule that the engine found. Throws the smallest pair that differs. */
  compare(asked: Asked, of: Iterable<Both> = this.#all): void {
    const found = engineAnswer(asked.logsource ? this.#routed : this.#everywhere, asked)
    const some = new Set(of)
    for (const id of found) {
      const both = this.#byId.get(id)
      if (both) some.add(both)
    }
    for (const both of some) {
      const wanted = naiveAnswer(both, asked)
      this.compared++
      if (wanted) this.held++
      if (wanted !== found.has(both.rule.facts.id)) throw new Error(told(this.#all, both, asked))
    }
  }
}

function engineAnswer(judge: RuleJudge, { fields, ecs = {}, logsource }: Asked): ReadonlySet<string> {
  const findings = judge.judge(event({ fields, ecs, ...(logsource === undefined ? {} : { logsource }) }))
  return new Set(findings.map((finding) => finding.rule.id))
}

function naiveAnswer({ naive }: Both, { fields, ecs, logsource }: Asked): boolean {
  return (logsource === undefined || naive.isAbout(logsource)) && naive.matches(fields, ecs)
}

function differs(all: readonly Both[], one: Both, asked: Asked): boolean {
  const judge = new RuleJudge(
    all.map(({ rule }) => rule),
    { routing: asked.logsource !== undefined },
  )
  return engineAnswer(judge, asked).has(one.rule.facts.id) !== naiveAnswer(one, asked)
}

function told(all: readonly Both[], one: Both, asked: Asked): string {
  const others = shrunkList(
    all.filter((other) => other !== one),
    (some) => differs([...some, one], one, asked),
  )
  const smallest = others.length > 0 ? { one, asked } : shrunkPair(one, asked)
  const wanted = naiveAnswer(smallest.one, smallest.asked)
  return [
    `the engine says ${wanted ? 'no' : 'yes'}, and the naive reading ${wanted ? 'yes' : 'no'}, of`,
    JSON.stringify(smallest.one.document),
    `and ${JSON.stringify(smallest.asked)}`,
    differs([...others, smallest.one], smallest.one, smallest.asked) ? '' : '(only after the events before it)',
    others.length > 0 ? `beside ${JSON.stringify(others.map(({ document }) => document))}` : '',
  ].join('\n')
}

/** As few as can be for the difference to stay. */
function shrunkList<T>(list: readonly T[], stays: (some: readonly T[]) => boolean): readonly T[] {
  if (stays([])) return []
  let kept = list
  for (let size = Math.ceil(list.length / 2); size >= 1; size = Math.floor(size / 2))
    for (let at = 0; at < kept.length;) {
      const some = kept.toSpliced(at, size)
      if (stays(some)) kept = some
      else at += size
    }
  return kept
}

function shrunkPair(first: Both, asked: Asked): { one: Both; asked: Asked } {
  let one = first
  let now = asked
  const logsource = asked.logsource === undefined ? {} : { logsource: asked.logsource }
  for (let isSmaller = true; isSmaller;) {
    isSmaller = false
    for (const fields of smaller(now.fields)) {
      const next = { ...now, ...logsource, fields: fields as Fields }
      if (typeof fields !== 'object' || !differs([one], one, next)) continue
      now = next
      isSmaller = true
      break
    }
    for (const detection of smaller((one.document as { detection: unknown }).detection)) {
      const next = readQuietly({ ...(one.document as object), detection })
      if (!next || !differs([next], next, now)) continue
      one = next
      isSmaller = true
      break
    }
  }
  return { one, asked: now }
}

function readQuietly(document: unknown): Both | undefined {
  try {
    return readBoth(document)
  } catch {
    return undefined
  }
}

/** The value with one part left out, or one part smaller. */
function* smaller(value: unknown): Generator {
  if (typeof value === 'string') {
    const chars = Array.from(value)
    for (const [at] of chars.entries()) yield chars.toSpliced(at, 1).join('')
    if (/ (?:and|or) |^not |^\(/.test(value)) yield* value.match(/[\w]+/g) ?? []
  } else if (Array.isArray(value)) {
    for (const [at, one] of value.entries()) {
      yield value.toSpliced(at, 1)
      for (const less of smaller(one)) yield value.with(at, less)
    }
    if (value.length === 1) yield value[0]
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, one] of Object.entries(value)) {
      const rest = Object.entries(value).filter(([other]) => other !== key)
      yield Object.fromEntries(rest)
      for (const less of smaller(one)) yield { ...value, [key]: less }
    }
  }
}
