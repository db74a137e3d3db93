import type { RuleFacts, Technique } from '../contract/rules.ts'

/** What a set of rules covers: for each id, the ids of the rules that name it. */
export interface Coverage {
  readonly controls: ReadonlyMap<string, readonly string[]>
  readonly atlas: ReadonlyMap<string, readonly string[]>
  readonly attack: ReadonlyMap<string, readonly string[]>
  /** `LLM01:2025` (Top 10 for LLM applications) and `ML01:2023` (Machine Learning Top 10); those without a rule too. */
  readonly owasp: ReadonlyMap<string, readonly string[]>
  /** What the ids stand for, where it is known. */
  readonly names: ReadonlyMap<string, string>
}

/** The OWASP Top 10 for LLM applications of 2025, and the OWASP Machine Learning Top 10 of 2023. */
const OWASP: Readonly<Record<string, string>> = {
  'LLM01:2025': 'Prompt Injection',
  'LLM02:2025': 'Sensitive Information Disclosure',
  'LLM03:2025': 'Supply Chain',
  'LLM04:2025': 'Data and Model Poisoning',
  'LLM05:2025': 'Improper Output Handling',
  'LLM06:2025': 'Excessive Agency',
  'LLM07:2025': 'System Prompt Leakage',
  'LLM08:2025': 'Vector and Embedding Weaknesses',
  'LLM09:2025': 'Misinformation',
  'LLM10:2025': 'Unbounded Consumption',
  'ML01:2023': 'Input Manipulation Attack',
  'ML02:2023': 'Data Poisoning Attack',
  'ML03:2023': 'Model Inversion Attack',
  'ML04:2023': 'Membership Inference Attack',
  'ML05:2023': 'Model Theft',
  'ML06:2023': 'AI Supply Chain Attacks',
  'ML07:2023': 'Transfer Learning Attack',
  'ML08:2023': 'Model Skewing',
  'ML09:2023': 'Output Integrity Attack',
  'ML10:2023': 'Model Poisoning',
}

/** Counts the rules by control, by technique and by OWASP's lists, ids sorted. */
export function coverage(rules: readonly RuleFacts[]): Coverage {
  return {
    controls: grouped(rules, (rule) => rule.controls),
    atlas: grouped(rules, (rule) => rule.atlas.map(({ id }) => id)),
    attack: grouped(rules, (rule) => rule.attack.map(({ id }) => id)),
    owasp: grouped(rules, (rule) => rule.tags.flatMap(owaspOf), Object.keys(OWASP)),
    names: namesOf(rules),
  }
}

function namesOf(rules: readonly RuleFacts[]): ReadonlyMap<string, string> {
  const names = new Map(Object.entries(OWASP))
  for (const { atlas, attack } of rules)
    for (const { id, name } of [...atlas, ...attack]) if (name !== undefined) names.set(id, name)
  return names
}

/**
 * The entries that a tag names: `owasp.llm01`, `owasp.llm01.2025` or `owasp.llm01-2025`, and `owasp.ml01` likewise; without a
 * year, the edition above. None where it is no such tag.
 */
export function owaspOf(tag: string): readonly string[] {
  const [, list, entry, year] = /^owasp\.(llm|ml)-?(0[1-9]|10)(?:[.-](20\d\d))?$/.exec(tag.toLowerCase()) ?? []
  if (list === undefined) return []
  return [`${list.toUpperCase()}${entry}:${year ?? (list === 'llm' ? '2025' : '2023')}`]
}

function grouped(
  rules: readonly RuleFacts[],
  idsOf: (rule: RuleFacts) => readonly string[],
  always: readonly string[] = [],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>(always.map((id) => [id, []]))
  for (const rule of rules) for (const id of new Set(idsOf(rule))) found.set(id, [...(found.get(id) ?? []), rule.id])
  return new Map([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** A layer of the ATT&CK Navigator, format 4.5; ATLAS has its own Navigator, which reads the same format. */
export interface NavigatorLayer {
  readonly name: string
  readonly versions: { readonly layer: '4.5'; readonly navigator: string }
  readonly domain: 'enterprise-attack' | 'atlas-atlas'
  readonly description: string
  readonly techniques: readonly { readonly techniqueID: string; readonly score: number; readonly comment: string }[]
  readonly gradient: { readonly colors: readonly string[]; readonly minValue: number; readonly maxValue: number }
}

/** The techniques that rules name, each with how many rules do (its score) and their titles. */
export function navigatorLayer(rules: readonly RuleFacts[], matrix: 'atlas' | 'attack'): NavigatorLayer {
  const titles = new Map<string, string[]>()
  for (const rule of rules)
    for (const id of idsOf(rule[matrix])) titles.set(id, [...(titles.get(id) ?? []), rule.title])
  const techniques = [...titles]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([techniqueID, names]) => ({ techniqueID, score: names.length, comment: names.join('; ') }))
  return {
    name: `modelward rules, ${matrix === 'atlas' ? 'MITRE ATLAS' : 'MITRE ATT&CK'}`,
    versions: { layer: '4.5', navigator: '5.1.0' },
    domain: matrix === 'atlas' ? 'atlas-atlas' : 'enterprise-attack',
    description: `${rules.length} rules`,
    techniques,
    gradient: {
      colors: ['#ffffff', '#2b6cb0'],
      minValue: 0,
      maxValue: Math.max(1, ...techniques.map(({ score }) => score)),
    },
  }
}

function idsOf(techniques: readonly Technique[]): ReadonlySet<string> {
  return new Set(techniques.map(({ id }) => id))
}
