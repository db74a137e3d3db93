import type { Findings, Leak, LeakFinder, Where } from '../leak.ts'
import { WordScan } from '../word-scan.ts'

/** A marked value that nobody has a reason to write: in a system prompt, in data, or as a credential that works nowhere. */
export interface Canary {
  readonly name: string
  readonly value: string
  /** A canary in a system prompt is in every prompt; only its way out tells something. */
  readonly inPrompts: boolean
}

/** Shorter values turn up by chance. */
export const LEAST_CANARY = 8
/** Each takes at most a dozen words of the table: 1,000 canaries take some 30 MB. */
export const MOST_CANARIES = 1_000
/** Spaces, soft hyphens and characters of no width: what is put between letters to hide a word. */
const HIDDEN =
  /[\u{34f}\s\u{ad}\u{61c}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180e}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}-\u{206f}\u{3164}\u{feff}]+/gu

/**
 * Canaries in a text, as they are or in disguise: in any case, reversed, in hex, percent-encoded, in base64 (either
 * alphabet, at each of the three places a value may begin inside a longer encoded text), and with spaces or characters of
 * no width between their letters. One pass of a `WordScan` over the text without such characters.
 */
export class CanaryFinder implements LeakFinder {
  readonly rules: readonly string[]
  readonly #canaries: readonly Canary[]
  readonly #words: WordScan
  /** For each word the canary that it is a form of. */
  readonly #canaryOf: readonly number[]

  constructor(canaries: readonly Canary[]) {
    this.#canaries = canaries
    this.rules = canaries.map(({ name }) => `canary:${name}`)
    const [words, canaryOf]: [string[], number[]] = [[], []]
    for (const [at, { value }] of canaries.entries())
      for (const form of formsOf(value)) {
        words.push(form)
        canaryOf.push(at)
      }
    this.#words = new WordScan(words, true)
    this.#canaryOf = canaryOf
  }

  find(text: string, { direction }: Where = {}): Findings {
    if (this.#canaries.length === 0) return { leaks: [], unread: 0 }
    const plain = text.replaceAll(HIDDEN, '')
    const seen = new Map<number, number>()
    this.#words.scan(plain, (word, at) => {
      const canary = this.#canaryOf[word] ?? 0
      if (!seen.has(canary)) seen.set(canary, at)
    })
    const leaks: Leak[] = []
    for (const [canary, at] of seen) {
      const { name, value, inPrompts } = this.#canaries[canary] ?? { name: '', value: '', inPrompts: false }
      if (direction === 'prompt' && !inPrompts) continue
      const start = placeOf(text, plain.length === text.length ? undefined : at) ?? at
      leaks.push({ rule: `canary:${name}`, start, end: start + value.length, secret: value })
    }
    return { leaks, unread: 0 }
  }
}

/** Every way of writing `value` that is looked for, without spaces, folded to small letters; each once. */
function formsOf(value: string): Set<string> {
  const plain = value.replaceAll(HIDDEN, '')
  const forms = [plain, Array.from(plain).toReversed().join('')]
  for (const bytes of new Set([value, plain]).values()) {
    const buffer = Buffer.from(bytes)
    const hex = buffer.toString('hex')
    forms.push(
      hex,
      hex.replaceAll(/../g, '%$&'),
      hex.replaceAll(/../g, '\\x$&'),
      encodeURIComponent(bytes).replaceAll(HIDDEN, ''),
    )
    for (const base64 of innerBase64(buffer)) forms.push(base64, base64.replaceAll('+', '-').replaceAll('/', '_'))
  }
  return new Set(forms.map((form) => form.toLowerCase()))
}

/** The characters of base64 that depend on `bytes` alone when they begin at the first, second or third place of a group. */
function innerBase64(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replaceAll('=', '')
    const ends = (before + bytes.length) % 3 === 0 ? whole.length : whole.length - 1
    return whole.slice(before === 0 ? 0 : before + 1, ends)
  })
}

/** Where the character stands in `text` that is number `at` without hidden ones. */
function placeOf(text: string, at: number | undefined): number | undefined {
  if (at === undefined) return undefined
  let hidden = 0
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index - hidden > at) break
    hidden += match[0].length
  }
  return at + hidden
}
