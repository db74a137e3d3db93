import type { AlertRule } from '../../contract/alert.ts'
import type { Technique } from '../../contract/rules.ts'
import { atlasTactics, atlasTechniques } from './atlas.ts'
import type { Document } from './nest.ts'

/**
 * ECS `threat`: one framework a document. MITRE ATLAS when the rule names any of its techniques, else MITRE ATT&CK
 * (tactics from Sigma's `attack.<tactic>` tags); undefined when the rule names neither. ATT&CK ids beside ATLAS ones
 * belong under `modelward.attack.technique.id`.
 */
export function threatOf(rule: AlertRule): Document | undefined {
  if (rule.atlas.length > 0)
    return { framework: 'MITRE ATLAS', ...tacticsField(atlasTacticsOf(rule.atlas)), ...techniques(rule.atlas, atlas) }
  const tactics = attackTacticsOf(rule.tags)
  if (rule.attack.length === 0 && tactics.length === 0) return undefined
  return { framework: 'MITRE ATT&CK', ...tacticsField(tactics), ...techniques(rule.attack, attack) }
}

interface Named {
  readonly id: string
  readonly name: string
  readonly reference: string
}

interface Framework {
  readonly parentOf: (id: string) => string | undefined
  readonly nameOf: (id: string) => string | undefined
  readonly referenceOf: (id: string) => string
}

const atlas: Framework = {
  parentOf: (id) => /^(AML\.T\d{4})\.\d{3}$/.exec(id)?.[1],
  nameOf: (id) => atlasTechniques[id]?.[0],
  referenceOf: (id) => `https://atlas.mitre.org/techniques/${id}`,
}

const attack: Framework = {
  parentOf: (id) => /^(T\d{4})\.\d{3}$/.exec(id)?.[1],
  nameOf: () => undefined,
  referenceOf: (id) => `https://attack.mitre.org/techniques/${id.replace('.', '/')}/`,
}

/** A sub-technique brings its parent along, so that a search for the parent finds it. */
function techniques(found: readonly Technique[], framework: Framework): Document {
  const parents = new Map<string, Named>()
  const children = new Map<string, Named>()
  const named = (id: string, name?: string): Named => ({
    id,
    name: name ?? framework.nameOf(id) ?? id,
    reference: framework.referenceOf(id),
  })
  for (const { id, name } of found) {
    const parent = framework.parentOf(id)
    if (parent === undefined) parents.set(id, named(id, name))
    else {
      children.set(id, named(id, name))
      if (!parents.has(parent)) parents.set(parent, named(parent))
    }
  }
  if (parents.size === 0) return {}
  const technique = columns([...parents.values()])
  if (children.size > 0) technique['subtechnique'] = columns([...children.values()])
  return { technique }
}

function atlasTacticsOf(found: readonly Technique[]): readonly Named[] {
  const ids = new Set<string>()
  for (const { id } of found) {
    const [, ...own] = atlasTechniques[atlas.parentOf(id) ?? id] ?? ['']
    for (const tactic of own) ids.add(tactic)
  }
  return [...ids].map((id) => ({
    id: `AML.${id}`,
    name: atlasTactics[id] ?? id,
    reference: `https://atlas.mitre.org/tactics/AML.${id}`,
  }))
}

/** Enterprise tactics of MITRE ATT&CK by the name they have in Sigma tags. */
const attackTactics: Readonly<Record<string, readonly [id: string, name: string]>> = {
  reconnaissance: ['TA0043', 'Reconnaissance'],
  'resource-development': ['TA0042', 'Resource Development'],
  'initial-access': ['TA0001', 'Initial Access'],
  execution: ['TA0002', 'Execution'],
  persistence: ['TA0003', 'Persistence'],
  'privilege-escalation': ['TA0004', 'Privilege Escalation'],
  'defense-evasion': ['TA0005', 'Defense Evasion'],
  'credential-access': ['TA0006', 'Credential Access'],
  discovery: ['TA0007', 'Discovery'],
  'lateral-movement': ['TA0008', 'Lateral Movement'],
  collection: ['TA0009', 'Collection'],
  'command-and-control': ['TA0011', 'Command and Control'],
  exfiltration: ['TA0010', 'Exfiltration'],
  impact: ['TA0040', 'Impact'],
}

function attackTacticsOf(tags: readonly string[]): readonly Named[] {
  const found = new Map<string, Named>()
  for (const tag of tags) {
    if (!tag.startsWith('attack.')) continue
    const [id, name] = attackTactics[tag.slice('attack.'.length).replaceAll('_', '-')] ?? []
    if (id !== undefined && name !== undefined)
      found.set(id, { id, name, reference: `https://attack.mitre.org/tactics/${id}/` })
  }
  return [...found.values()]
}

function tacticsField(tactics: readonly Named[]): Document {
  return tactics.length === 0 ? {} : { tactic: columns(tactics) }
}

/** ECS keeps lists of things as parallel arrays. */
function columns(things: readonly Named[]): Document {
  return {
    id: things.map((thing) => thing.id),
    name: things.map((thing) => thing.name),
    reference: things.map((thing) => thing.reference),
  }
}
