export interface FoundFunction {
  readonly name: string
  readonly lines: number
}

const OPENING =
  /(?:\bfunction\b\s*\*?\s*(?<named>[A-Za-z0-9_$]*)|^\s*(?:(?:static|async|override|get|set|private|public)\s+|\*\s*)*(?<method>#?[A-Za-z_$][A-Za-z0-9_$]*|\[[^\]]+\])\s*(?:<[^>]*>)?\(|(?<arrow>=>)\s*\{)/

/**
 * The functions of a TypeScript source and their lengths in lines, read by indentation: the formatter guarantees that the
 * closing brace of a block stands in the column in which the line that opened it begins.
 */
export function functionsOf(text: string): readonly FoundFunction[] {
  const lines = text.split('\n')
  const found: FoundFunction[] = []
  for (const [at, line] of lines.entries()) {
    const groups = OPENING.exec(line)?.groups
    if (!groups || /^\s*(if|for|while|switch|catch|return|await|throw|new)\b/.test(line)) continue
    const indent = line.length - line.trimStart().length
    const opens = bodyStart(lines, at, indent)
    if (opens === undefined) continue
    const closes = lines.findIndex((other, index) => index > opens && isClosing(other, indent))
    if (closes < 0) continue
    found.push({ name: groups['named'] ?? groups['method'] ?? `arrow at line ${at + 1}`, lines: closes - at + 1 })
  }
  return found
}

/** The line that ends in the brace which opens the body: this one, or the end of a wrapped parameter list. */
function bodyStart(lines: readonly string[], at: number, indent: number): number | undefined {
  if (lines[at]?.endsWith('{')) return at
  if (!lines[at]?.endsWith('(')) return undefined
  const end = lines.findIndex((line, index) => index > at && line.startsWith(`${' '.repeat(indent)})`))
  return end > 0 && lines[end]?.endsWith('{') ? end : undefined
}

function isClosing(line: string, indent: number): boolean {
  return line.length - line.trimStart().length === indent && /^\s*\}/.test(line)
}
