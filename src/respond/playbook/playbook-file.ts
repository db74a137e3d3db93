import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document, type Node } from 'yaml'
import type { z } from 'zod'
import { reasonOf, type Problem } from '../../runtime/errors.ts'

type Path = readonly PropertyKey[]

const MOST_BYTES = 256 * 1024

/** A playbook's YAML, remembering on which line each part stands. */
export class PlaybookFile {
  readonly path: string
  readonly value: unknown
  readonly #document: Document
  readonly #lines: LineCounter

  private constructor(path: string, document: Document, lines: LineCounter) {
    this.path = path
    this.#document = document
    this.#lines = lines
    this.value = document.toJS({ maxAliasCount: 50 })
  }

  static parse(path: string, text: string): PlaybookFile | Problem {
    if (Buffer.byteLength(text) > MOST_BYTES)
      return { file: path, part: 'file', what: `it has more than ${MOST_BYTES} bytes`, cure: 'One playbook a file' }
    const lines = new LineCounter()
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
    const broken = document.errors[0]
    const cure = 'Check indentation, quotes and repeated keys on and above this line'
    if (broken) return { file: path, line: lines.linePos(broken.pos[0]).line, part: 'YAML', what: broken.message, cure }
    if (document.contents === null)
      return { file: path, line: 1, part: 'file', what: 'it holds no playbook', cure: 'Write one, or remove the file' }
    try {
      return new PlaybookFile(path, document, lines)
    } catch (error) {
      return { file: path, part: 'YAML', what: reasonOf(error), cure }
    }
  }

  /** What a schema says of a part of this file, in the words of the file. */
  problems(error: z.ZodError, at: Path = []): readonly Problem[] {
    return error.issues.flatMap((issue) => {
      const path = [...at, ...issue.path]
      if (issue.code !== 'unrecognized_keys') return [this.problem(path, issue.message, cureOf(issue))]
      return issue.keys.map((key) =>
        this.problem([...path, key], `the key "${key}" is unknown`, 'Remove it or correct its spelling'),
      )
    })
  }

  problem(path: Path, what: string, cure: string): Problem {
    let part = ''
    for (const step of path) part += typeof step === 'number' ? `[${step}]` : `${part && '.'}${String(step)}`
    const plain = what.charAt(0).toLowerCase() + what.slice(1)
    return { file: this.path, line: this.#lineOf(path), part: part || 'playbook', what: plain, cure }
  }

  #lineOf(path: Path): number {
    for (let length = path.length; length > 0; length--) {
      const node = this.#nodeAt(path.slice(0, length))
      if (node?.range) return this.#lines.linePos(node.range[0]).line
    }
    return this.#lines.linePos(this.#document.contents?.range?.[0] ?? 0).line
  }

  /** The key of a map's entry where there is one: that is the line a person looks for. */
  #nodeAt(path: Path): Node | undefined {
    const parent = path.length === 1 ? this.#document.contents : this.#document.getIn(path.slice(0, -1), true)
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
      return pair && isNode(pair.key) ? pair.key : undefined
    }
    const node = this.#document.getIn(path, true)
    return isNode(node) ? node : undefined
  }
}

/** The `.yml` and `.yaml` files of folders, sorted, with their texts. What cannot be read is a problem. */
export function readPlaybookFiles(folders: readonly string[]): {
  readonly files: readonly { readonly path: string; readonly text: string }[]
  readonly problems: readonly Problem[]
} {
  const problems: Problem[] = []
  const attempt = <T>(path: string, read: () => readonly T[]): readonly T[] => {
    try {
      return read()
    } catch (error) {
      const what = `it cannot be read: ${reasonOf(error)}`
      problems.push({ file: path, part: 'file', what, cure: 'Check the path and its permissions' })
      return []
    }
  }
  const paths = folders.flatMap((folder) => attempt(folder, () => pathsOf(folder)))
  const files = [...new Set(paths)].flatMap((path) => attempt(path, () => [{ path, text: readFileSync(path, 'utf8') }]))
  return { files, problems }
}

function pathsOf(folder: string): readonly string[] {
  if (!statSync(folder).isDirectory()) return [folder]
  return readdirSync(folder)
    .filter((name) => /^[^.].*\.ya?ml$/.test(name))
    .toSorted()
    .map((name) => join(folder, name))
}

function cureOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `Use one of: ${issue.values.map(String).join(', ')}`
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'Add it, or correct its value'
  return 'Correct the value'
}
