import type { Problem } from '../../runtime/errors.ts'
import { parseCorrelation } from './correlation.ts'
import { parseFilter } from './filter.ts'
import { partOf } from './part.ts'
import { parseRule } from './rule.ts'
import type { Correlation, Documents, Filter, Path, Report, Rule } from './syntax.ts'
import { readYaml, type YamlDocument } from './yaml.ts'

/** Every rule, correlation and filter of a YAML text, and every problem of what is none. `file` is its path, for people. */
export function parseDocuments(file: string, text: string): Documents {
  const { documents, problems: unreadable } = readYaml(file, text)
  const problems: Problem[] = [...unreadable]
  const rules: Rule[] = []
  const correlations: Correlation[] = []
  const filters: Filter[] = []
  for (const document of documents) {
    const before = problems.length
    const tell = (path: Path, what: string, cure: string): void => {
      problems.push({ file, line: document.lineOf(path), part: partOf(path), what, cure })
    }
    const { line, lineOf } = document
    const report: Report = Object.assign(tell, { file, line, lineOf })
    const take = <T>(list: T[], read: T | undefined): void => {
      if (read !== undefined && problems.length === before) list.push(read)
    }
    const map = mapOf(document, report)
    if (!map) continue
    if ('correlation' in map) take(correlations, parseCorrelation(map, report))
    else if ('filter' in map) take(filters, parseFilter(map, report))
    else if ('action' in map)
      report(['action'], 'rule collections ended with Sigma 1', 'Write one whole rule a document')
    else take(rules, parseRule(map, report))
  }
  return { rules, correlations, filters, problems }
}

function mapOf({ value }: YamlDocument, report: Report): Readonly<Record<string, unknown>> | undefined {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  report([], 'a rule is a map of keys and values', 'Begin it with title:')
  return undefined
}
