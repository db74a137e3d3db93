import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, type Node } from 'yaml'
import type { Problem } from '../../runtime/errors.ts'
import type { Path } from './syntax.ts'
import { readPlainYaml } from './yaml-plain.ts'

/** One document of a YAML file, with the lines that its parts stand on. */
export interface YamlDocument {
  readonly value: unknown
  readonly line: number
  /** The line of the deepest part of `path` that there is: of a map's key, of a list's entry. */
  readonly lineOf: (path: Path) => number
}

/** A rule file may hold at most this much text, and this many uses of YAML aliases a document. */
export const LIMITS = { bytes: 1024 * 1024, aliases: 100 } as const

/** Reads every document of a YAML 1.2 text. What is not YAML becomes a problem with its line. */
export function readYaml(file: string, text: string): { documents: readonly YamlDocument[]; problems: Problem[] } {
  if (Buffer.byteLength(text) > LIMITS.bytes)
    return { documents: [], problems: [tooLong(file, Buffer.byteLength(text))] }
  const plain = readPlainYaml(text)
  if (!plain) return readAnyYaml(file, text)
  // Lines are asked for only where something is wrong: the whole reader finds them then.
  let whole: YamlDocument | undefined
  const lineOf = (path: Path): number => (whole ??= readAnyYaml(file, text).documents[0])?.lineOf(path) ?? plain.line
  return { documents: [{ ...plain, lineOf }], problems: [] }
}

/** The same for any YAML, by the whole reader. */
export function readAnyYaml(file: string, text: string): { documents: readonly YamlDocument[]; problems: Problem[] } {
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, stringKeys: true })
  const problems: Problem[] = []
  const documents: YamlDocument[] = []
  for (const document of 'empty' in parsed ? [] : parsed) {
    const line = lines.linePos(document.contents?.range?.[0] ?? 0).line
    const broken = document.errors[0]
    if (broken) {
      problems.push(notYaml(file, lines.linePos(broken.pos[0]).line, broken.message))
      continue
    }
    try {
      const value: unknown = document.toJS({ maxAliasCount: LIMITS.aliases })
      if (holdsItself(value)) problems.push(notYaml(file, line, 'a value holds itself by an alias'))
      else if (value !== null) documents.push({ value, line, lineOf: (path) => lineOf(document, lines, path) })
    } catch (error) {
      problems.push(notYaml(file, line, error instanceof Error ? error.message : String(error)))
    }
  }
  if (documents.length === 0 && problems.length === 0) problems.push(nothing(file))
  return { documents, problems }
}

function lineOf(document: Document.Parsed, lines: LineCounter, path: Path): number {
  let node: unknown = document.contents
  let offset = document.contents?.range?.[0] ?? 0
  for (const step of path) {
    const within: unknown = isAlias(node) ? node.resolve(document) : node
    const found = isMap(within)
      ? pairOf(within.items, String(step))
      : isSeq(within)
        ? itemOf(within.items[Number(step)])
        : undefined
    if (!found) break
    offset = found.key.range?.[0] ?? offset
    node = found.value
  }
  return lines.linePos(offset).line
}

interface Found {
  readonly key: Node
  readonly value: unknown
}

function pairOf(items: readonly { readonly key: unknown; readonly value: unknown }[], key: string): Found | undefined {
  for (const item of items)
    if (isScalar(item.key) && item.key.value === key) return { key: item.key, value: item.value }
  return undefined
}

function itemOf(item: unknown): Found | undefined {
  return isNode(item) ? { key: item, value: item } : undefined
}

/** Aliases can make a value part of itself, which no rule means and no walk over it survives. */
function holdsItself(value: unknown, above: readonly unknown[] = []): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (above.includes(value)) return true
  const within = [...above, value]
  return Object.values(value).some((inner) => holdsItself(inner, within))
}

function tooLong(file: string, bytes: number): Problem {
  const what = `the file has ${bytes} bytes, and at most ${LIMITS.bytes} are read`
  return { file, part: 'file', what, cure: 'Split it: one rule a file' }
}

function notYaml(file: string, line: number, message: string): Problem {
  const cure = 'Check indentation, quotes and repeated keys on and above this line'
  return { file, line, part: 'YAML', what: message.replace(/\.?\s*$/, ''), cure }
}

function nothing(file: string): Problem {
  return { file, line: 1, part: 'file', what: 'it holds no rule', cure: 'Write a rule, or remove the file' }
}
