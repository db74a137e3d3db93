import { readFileSync } from 'node:fs'
import { LineCounter, isMap, isNode, isScalar, parseDocument, visit, type Document, type Node, type Scalar } from 'yaml'
import type { z } from 'zod'
import { ConfigError, reasonOf, type Problem } from '../../runtime/errors.ts'

type Path = readonly PropertyKey[]

/** A YAML file that remembers where each part stands, so that every complaint can name file, line and part. */
export class ConfigDocument {
  readonly file: string
  readonly value: unknown
  readonly #document: Document | undefined
  readonly #lines = new LineCounter()

  private constructor(file: string, text: string) {
    this.file = file
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: true })
    const problems = document.errors.map((error) => ({
      file,
      line: this.#lines.linePos(error.pos[0]).line,
      part: 'YAML',
      what: error.message,
      cure: 'Mend the syntax at this line',
    }))
    if (problems.length > 0) throw new ConfigError(problems)
    this.#document = document
    this.value = this.#plain(document) ?? {}
  }

  #plain(document: Document): unknown {
    visit(document, {
      Pair: (_, { key }) => {
        if (isScalar(key) && key.value === '__proto__') throw new ConfigError([this.#refusedName(key)])
      },
    })
    try {
      return document.toJS({ maxAliasCount: 50 })
    } catch (error) {
      const cure = 'Write the values out instead of aliases of aliases'
      throw new ConfigError([{ file: this.file, part: 'YAML', what: reasonOf(error), cure }])
    }
  }

  /** Schemas skip over this name, so that it would be the one unknown key that nobody is told of. */
  #refusedName({ range }: Scalar): Problem {
    const what = 'the key "__proto__" is unknown'
    const line = range ? { line: this.#lines.linePos(range[0]).line } : {}
    return { file: this.file, ...line, part: '__proto__', what, cure: 'Remove it' }
  }

  /** Throws ConfigError when the file cannot be read or is no YAML. */
  static read(file: string): ConfigDocument {
    let text: string
    try {
      text = readFileSync(file, 'utf8')
    } catch (cause) {
      const cure = 'Check the path given with -c and that this user may read it'
      throw new ConfigError([{ file, part: 'file', what: `it cannot be read (${reasonOf(cause)})`, cure }])
    }
    return new ConfigDocument(file, text)
  }

  static parse(file: string, text: string): ConfigDocument {
    return new ConfigDocument(file, text)
  }

  /** What a schema says of a part of this file, in the words of the file. */
  problems(error: z.ZodError, at: Path = []): readonly Problem[] {
    return error.issues.flatMap((issue) => this.#problemsOf(issue, at))
  }

  problem(path: Path, what: string, cure: string): Problem {
    const line = this.#lineOf(path)
    return { file: this.file, ...(line === undefined ? {} : { line }), part: partName(path), what, cure }
  }

  #problemsOf(issue: z.core.$ZodIssue, at: Path): readonly Problem[] {
    const path = [...at, ...issue.path]
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) =>
        this.problem(
          [...path, key],
          `the key "${key}" is unknown`,
          'Remove it or correct its spelling (see `modelward check --schema`)',
        ),
      )
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const nearest = issue.errors.toSorted((a, b) => depth(b) - depth(a))[0] ?? []
      return nearest.flatMap((inner) => this.#problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, at))
    }
    return [this.problem(path, lowerFirst(issue.message), 'Correct the value (see `modelward check --schema`)')]
  }

  #lineOf(path: Path): number | undefined {
    for (let length = path.length; length > 0; length--) {
      const node = this.#keyNode(path.slice(0, length))
      if (node?.range) return this.#lines.linePos(node.range[0]).line
    }
    return undefined
  }

  /** The key of a map entry where there is one (that is the line a person looks for), else the value. */
  #keyNode(path: Path): Node | undefined {
    const last = path.at(-1)
    const parent = path.length === 1 ? this.#document?.contents : this.#document?.getIn(path.slice(0, -1), true)
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === last)
      if (pair && isNode(pair.key)) return pair.key
    }
    const node = this.#document?.getIn(path, true)
    return isNode(node) ? node : undefined
  }
}

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length))
}

function partName(path: Path): string {
  let name = ''
  for (const step of path) name += typeof step === 'number' ? `[${step}]` : `${name ? '.' : ''}${String(step)}`
  return name || 'config'
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
