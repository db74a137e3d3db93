import { createHash } from 'node:crypto'
import type { RuleFacts } from '../../contract/rules.ts'
import { parseDetection } from './detection.ts'
import { parseDocument, type RuleDocument } from './document.ts'
import { memoryOf } from './memory-document.ts'
import type { Report, Rule } from './syntax.ts'
import { techniquesOf } from './techniques.ts'
import { testsOf } from './test-document.ts'

/** Reads a rule on single events. Undefined when something in it was reported. */
export function parseRule(document: Readonly<Record<string, unknown>>, report: Report): Rule | undefined {
  const facts = parseDocument(document, report)
  const written = document['detection']
  const detection = parseDetection(written, report)
  if (!facts || !detection) return undefined
  const { file, line } = report
  return {
    facts: factsOf(facts, written, file),
    ...dropUndefined({ name: facts.name, status: facts.status, memory: memoryOf(facts.modelward ?? {}) }),
    detection,
    tests: testsOf(facts.tests),
    line,
    assumed: (['id', 'level', 'description'] as const).filter((key) => facts[key] === undefined),
  }
}

export function factsOf(document: RuleDocument, detection: unknown, file: string): RuleFacts {
  const { category, product, service } = document.logsource
  const logsource = dropUndefined({ category, product, service })
  const extension = document.modelward ?? {}
  const level = document.level ?? 'medium'
  const memory = memoryOf(extension)
  const groupBy = extension.group_by ?? [
    memory?.kind === 'absence' && memory.groupBy.length > 0 ? 'group' : 'principal',
  ]
  const meaning = {
    detection,
    logsource,
    level,
    groupBy,
    playbook: extension.playbook ?? null,
    ...(memory && { memory }),
  }
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
    ...dropUndefined({
      author: document.author,
      license: document.license,
      playbook: extension.playbook,
      resolveAfterMs: extension.resolve_after,
    }),
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

export function dropUndefined<T extends object>(value: T): Dropped<T> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Dropped<T>
}
