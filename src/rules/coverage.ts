import type { RuleFacts, Technique } from '../contract/rules.ts'

/** What a set of rules covers: for each id, the ids of the rules that name it. */
export interface Coverage {
  readonly controls: ReadonlyMap<string, readonly string[]>
  readonly atlas: ReadonlyMap<string, readonly string[]>
  readonly attack: ReadonlyMap<string, readonly string[]>
}

/** Counts the rules by control and by technique, ids sorted. */
export function coverage(rules: readonly RuleFacts[]): Coverage {
  return {
    controls: grouped(rules, (rule) => rule.controls),
    atlas: grouped(rules, (rule) => rule.atlas.map(({ id }) => id)),
    attack: grouped(rules, (rule) => rule.attack.map(({ id }) => id)),
  }
}

function grouped(
  rules: readonly RuleFacts[],
  idsOf: (rule: RuleFacts) => readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
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
