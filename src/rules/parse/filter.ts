import type { Filter, Report } from './syntax.ts'

/** Reads a filter document (Sigma filters 2.1). Undefined when something in it was reported. */
export function parseFilter(
  _document: Readonly<Record<string, unknown>>,
  _line: number,
  _file: string,
  report: Report,
): Filter | undefined {
  report(['filter'], 'filter rules are not supported yet', 'Keep it in another folder until then')
  return undefined
}
