import { parseDetection } from './detection.ts'
import { parseDocument } from './document.ts'
import { factsOf } from './rule.ts'
import type { Filter, Report } from './syntax.ts'

/** Keys of `filter` that are not selections. */
const RESERVED = ['rules', 'condition']

/** Reads a filter document (Sigma filters 2.1). Undefined when something in it was reported. */
export function parseFilter(document: Readonly<Record<string, unknown>>, report: Report): Filter | undefined {
  const { file, line, lineOf } = report
  const written = document['filter']
  const detection = parseDetection(written, report, { path: ['filter'], reserved: RESERVED })
  const parts: Readonly<Record<string, unknown>> =
    typeof written === 'object' && written !== null && !Array.isArray(written) ? { ...written } : {}
  const rules = parseRules(parts['rules'], report)
  if (Array.isArray(parts['condition']))
    report(['filter', 'condition'], 'a filter has one condition', 'Join the conditions with and, or and parentheses')
  const head = parseDocument(document, report)
  if (!head || !detection || !rules) return undefined
  const { digest, logsource, title } = factsOf(head, { ...parts, rules: null }, file)
  if (Object.keys(logsource).length === 0) {
    report(['logsource'], 'it names no log source', 'Name the product, the category or the service of the rules')
    return undefined
  }
  return { file, line, lineOf, title, logsource, rules, detection, digest }
}

/** `any` and the empty list mean every rule of the log source. */
function parseRules(value: unknown, report: Report): Filter['rules'] | undefined {
  const names: readonly unknown[] = Array.isArray(value) ? value : [value]
  const wrong = names.findIndex((name) => typeof name !== 'string' || name.trim() === '')
  if (wrong >= 0) {
    const what = value === undefined ? 'it is missing' : 'it is not the id or name of a rule'
    report(['filter', 'rules', ...(Array.isArray(value) ? [wrong] : [])], what, 'Write ids or names of rules, or any')
    return undefined
  }
  const words = names.map((name) => String(name).trim())
  return words.length === 0 || (!Array.isArray(value) && words[0]?.toLowerCase() === 'any') ? 'any' : words
}
