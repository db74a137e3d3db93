import { createHash } from 'node:crypto'
import type { RuleFacts } from '../../contract/rules.ts'
import type { Problem } from '../../runtime/errors.ts'
import { parseDetection } from './detection.ts'
import { parseDocument, type RuleDocument } from './document.ts'
import type { Path, Report, Rule } from './syntax.ts'
import { techniquesOf } from './techniques.ts'
import { readYaml, type YamlDocument } from './yaml.ts'

/** Every rule of a YAML text, and every problem of those that are none. `file` is its path, for people. */
export function parseRules(file: string, text: string): { rules: readonly Rule[]; problems: readonly Problem[] } {
  const { documents, problems } = readYaml(file, text)
  const rules: Rule[] = []
  for (const document of documents) {
    const before = problems.length
    const report: Report = (path, what, cure) => {
      problems.push({ file, line: document.lineOf(path), part: partOf(path), what, cure })
    }
    const rule = parseRule(document, file, report)
    if (rule && problems.length === before) rules.push(rule)
  }
  return { rules, problems }
}

function parseRule(document: YamlDocument, file: string, report: Report): Rule | undefined {
  const { value } = document
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report([], 'a rule is a map of keys and values', 'Begin it with title:')
    return undefined
  }
  if (isRefused(value, report)) return undefined
  const facts = parseDocument(value, report)
  const written: unknown = Reflect.get(value, 'detection')
  const detection = parseDetection(written, report)
  if (!facts || !detection) return undefined
  return {
    facts: factsOf(facts, written, file),
    ...(facts.status === undefined ? {} : { status: facts.status }),
    detection,
    tests: (facts.tests ?? []).map(dropUndefined),
    line: document.line,
    assumed: (['id', 'level', 'description'] as const).filter((key) => facts[key] === undefined),
  }
}

/** Kinds of Sigma documents that are not single-event rules. */
function isRefused(value: object, report: Report): boolean {
  const cure = 'Keep it in another folder until then'
  if ('correlation' in value) report(['correlation'], 'correlation rules are not supported yet', cure)
  else if ('filter' in value) report(['filter'], 'filter rules are not supported yet', cure)
  else if ('action' in value)
    report(['action'], 'rule collections ended with Sigma 1', 'Write one whole rule a document')
  else return false
  return true
}

function factsOf(document: RuleDocument, detection: unknown, file: string): RuleFacts {
  const { category, product, service } = document.logsource
  const logsource = dropUndefined({ category, product, service })
  const extension = document.modelward ?? {}
  const level = document.level ?? 'medium'
  const groupBy = extension.group_by ?? ['principal']
  const meaning = { detection, logsource, level, groupBy, playbook: extension.playbook ?? null }
  const digest = createHash('sha256').update(canonical(meaning)).digest('hex')
  const tags = document.tags ?? []
  return {
    id: document.id ?? `unnamed-${digest.slice(0, 16)}`,
    title: document.title,
    description: document.description?.trim() ?? '',
    level,
    file,
    logsource,
    controls: extension.controls ?? [],
    ...techniquesOf(tags),
    tags,
    falsePositives: document.falsepositives ?? [],
    references: document.references ?? [],
    ...dropUndefined({ author: document.author, license: document.license, playbook: extension.playbook }),
    runbook: extension.runbook?.trim() ?? '',
    groupBy,
    digest,
  }
}

/** JSON with sorted keys: equal meanings, equal texts. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${canonical(part)}`).join(',')}}`
}

type Dropped<T> = { [K in keyof T]?: Exclude<T[K], undefined> } & {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K]
}

function dropUndefined<T extends object>(value: T): Dropped<T> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Dropped<T>
}

function partOf(path: Path): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
  return text === '' ? 'rule' : text.replace(/^\./, '')
}
