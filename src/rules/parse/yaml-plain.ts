/** The value of a YAML text of one document, and the line on which it begins. */
export interface PlainYaml {
  readonly value: Readonly<Record<string, unknown>>
  readonly line: number
}

/**
 * Reads the small part of YAML 1.2 that nearly all rules keep to: one document of block maps and lists, scalars on one line,
 * `|` blocks. Many times faster than a whole reader. At the first thing outside it, right or wrong, the answer is undefined,
 * and the whole reader is to be asked: what is answered here is what that would answer.
 */
export function readPlainYaml(text: string): PlainYaml | undefined {
  if (FOREIGN.test(text)) return undefined
  try {
    const reader = new PlainReader(text)
    return reader.document()
  } catch (error) {
    if (error instanceof Outside) return undefined
    throw error
  }
}

/** Tabs, carriage returns and other controls, marks and separators; document marks and directives. */
// oxlint-disable-next-line no-control-regex -- YAML treats each of these in a way of its own
const FOREIGN = /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]|^(?:---|\.\.\.|%)/m
/** Deeper nesting is left to the whole reader. */
const DEEPEST = 32

/** The text leaves what is read here. */
class Outside extends Error {}

const KEY = /^([A-Za-z_][\w.|-]*):(?: +|$)/
const SINGLE_QUOTED = /^'((?:[^']|'')*)' *(?:(?<= )#.*)?$/
const DOUBLE_QUOTED = /^"([^"\\]*)" *(?:(?<= )#.*)?$/
const BLOCK = /^\|(-?)$/
const WORD_BEGINS = /^[A-Za-z_/\\(<$]/
const NUMBER = /^(?:0|[1-9]\d{0,14})$/
/** Dates, ids and conditions may begin as a number does, and are text to YAML 1.2. */
const NO_NUMBER = /^(?:\d{4}[-/]\d\d[-/]\d\d|[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}|\d+ of [^:]*)$/i
const CONSTANTS = new Map<string, unknown>([
  ...['null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
])

class PlainReader {
  readonly #lines: readonly string[]
  /** The line that stands to be read, its indentation and what follows it; -1 at the end. */
  #at = -1
  #indent = -1
  #content = ''

  constructor(text: string) {
    this.#lines = text.split('\n')
    this.#next()
  }

  document(): PlainYaml {
    const line = this.#at + 1
    if (this.#indent !== 0 || this.#isItem()) throw new Outside()
    const value = this.#map(0, 0)
    if (this.#indent >= 0) throw new Outside()
    return { value, line }
  }

  /** On to the next line that is neither blank nor a comment. */
  #next(): void {
    for (let at = this.#at + 1; at < this.#lines.length; at++) {
      const line = this.#lines[at] ?? ''
      const content = line.trimStart()
      if (content === '' || content.startsWith('#')) continue
      this.#at = at
      this.#indent = line.length - content.length
      this.#content = content.trimEnd()
      return
    }
    this.#indent = -1
    this.#at = this.#lines.length
  }

  #isItem(): boolean {
    return this.#content === '-' || this.#content.startsWith('- ')
  }

  #map(indent: number, depth: number): Record<string, unknown> {
    if (depth > DEEPEST) throw new Outside()
    const map: Record<string, unknown> = {}
    while (this.#indent === indent && !this.#isItem()) {
      const [whole, key] = KEY.exec(this.#content) ?? []
      if (whole === undefined || key === undefined || key === '__proto__') throw new Outside()
      if (CONSTANTS.has(key) || Object.hasOwn(map, key)) throw new Outside()
      const rest = this.#content.slice(whole.length)
      map[key] = rest === '' || rest.startsWith('#') ? this.#below(indent, depth, true) : this.#scalar(rest, indent)
    }
    if (this.#indent > indent || (this.#indent === indent && depth === 0)) throw new Outside()
    return map
  }

  #list(indent: number, depth: number): readonly unknown[] {
    if (depth > DEEPEST) throw new Outside()
    const list: unknown[] = []
    while (this.#indent === indent && this.#isItem()) {
      const rest = this.#content.slice(1).trimStart()
      if (rest === '' || rest.startsWith('#')) {
        list.push(this.#below(indent, depth, false))
      } else if (rest === '-' || rest.startsWith('- ')) {
        throw new Outside()
      } else if (KEY.test(rest)) {
        // A map that begins on the line of its item stands where its first key does.
        this.#indent += this.#content.length - rest.length
        this.#content = rest
        list.push(this.#map(this.#indent, depth + 1))
      } else {
        list.push(this.#scalar(rest, indent))
      }
    }
    if (this.#indent > indent) throw new Outside()
    return list
  }

  /** What stands on the lines below a key or a dash. A key's list may begin in the column of the key. */
  #below(indent: number, depth: number, ofKey: boolean): unknown {
    this.#next()
    if (this.#indent > indent)
      return this.#isItem() ? this.#list(this.#indent, depth + 1) : this.#map(this.#indent, depth + 1)
    if (!ofKey) throw new Outside()
    return this.#indent === indent && this.#isItem() ? this.#list(indent, depth + 1) : null
  }

  #scalar(text: string, indent: number): unknown {
    if (text.startsWith('|')) return this.#block(text, indent)
    const value = scalarOf(text)
    this.#next()
    // A scalar that goes on.
    if (this.#indent > indent) throw new Outside()
    return value
  }

  #block(header: string, indent: number): string {
    const [, strip] = BLOCK.exec(header) ?? []
    const first = this.#lines[this.#at + 1] ?? ''
    const within = first.length - first.trimStart().length
    if (strip === undefined || within <= indent || within === first.length) throw new Outside()
    const taken: string[] = []
    let at = this.#at + 1
    for (; at < this.#lines.length; at++) {
      const line = this.#lines[at] ?? ''
      const content = line.trimStart()
      if (content === '' && line !== '') throw new Outside()
      if (line !== '' && line.length - content.length < within) break
      taken.push(line.slice(within))
    }
    if (at === this.#lines.length && this.#lines.at(-1) !== '') throw new Outside()
    this.#at = at - 1
    this.#next()
    if (this.#indent > indent) throw new Outside()
    return taken.join('\n').replace(/\n*$/, strip === '-' ? '' : '\n')
  }
}

function scalarOf(text: string): unknown {
  const [, single] = SINGLE_QUOTED.exec(text) ?? []
  if (single !== undefined) return single.replaceAll("''", "'")
  const [, double] = DOUBLE_QUOTED.exec(text) ?? []
  if (double !== undefined) return double
  const comment = text.indexOf(' #')
  const plain = comment < 0 ? text : text.slice(0, comment).trimEnd()
  if (NUMBER.test(plain)) return Number(plain)
  if (NO_NUMBER.test(plain)) return plain
  if (!WORD_BEGINS.test(plain) || plain.endsWith(':') || plain.includes(': ')) throw new Outside()
  return CONSTANTS.has(plain) ? CONSTANTS.get(plain) : plain
}
