import type { Correlation, Report } from './syntax.ts'

/** Reads a correlation document (Sigma correlation rules 2.1). Undefined when something in it was reported. */
export function parseCorrelation(
  _document: Readonly<Record<string, unknown>>,
  _line: number,
  _file: string,
  report: Report,
): Correlation | undefined {
  report(['correlation'], 'correlation rules are not supported yet', 'Keep it in another folder until then')
  return undefined
}
