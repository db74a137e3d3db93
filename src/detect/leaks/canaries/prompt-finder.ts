import type { Findings, Leak, LeakFinder, Where } from '../leak.ts'
import { HashSet } from './hash-set.ts'

/** A system prompt as it is set for a model. */
export interface ProtectedPrompt {
  readonly name: string
  readonly text: string
}

export interface PromptLimits {
  /** Share of the prompt's character 4-grams that must be in the output. */
  readonly containment: number
  /** Characters of it in one piece that are a leak of their own, at least 20. */
  readonly verbatim: number
}

/** Shorter prompts are not protected: any text contains most of them. */
export const LEAST_PROMPT = 20
const GRAM = 4
const SHINGLE = 20
/** What verbatim text counts as, as in garak. */
const VERBATIM_DEGREE = 0.95
const BASE = 0x01000193
const GRAM_LEAVES = powerOf(GRAM)
const SHINGLE_LEAVES = powerOf(SHINGLE)

/**
 * System prompts in outputs, by the measure of garak (Derczynski et al. 2024, arXiv 2406.11036): the share of the prompt's
 * character 4-grams that the output contains, 0.95 at least where enough of it stands there word for word. Letters in any
 * case, any run of spaces counts as one. Of a prompt only hashes under the installation's key stay in memory. About 35 µs
 * for 1,000 characters of output and each prompt.
 */
export class PromptFinder implements LeakFinder {
  readonly rules: readonly string[]
  readonly #prompts: readonly Grams[]
  readonly #limits: PromptLimits
  readonly #salt: number

  constructor(prompts: readonly ProtectedPrompt[], limits: PromptLimits, salt: number) {
    this.#limits = limits
    this.#salt = salt
    this.rules = prompts.map(({ name }) => `system-prompt:${name}`)
    this.#prompts = prompts.map(({ text }) => gramsOf(plain(text), salt))
  }

  find(text: string, { direction }: Where = {}): Findings {
    // A system prompt is part of the prompts: that is where it belongs.
    if (direction === 'prompt' || this.#prompts.length === 0 || text.length < LEAST_PROMPT) return NOTHING
    const output = plain(text)
    const leaks: Leak[] = []
    for (const [at, grams] of this.#prompts.entries()) {
      const { containment, verbatim, end } = contained(output, grams, this.#salt)
      const isVerbatim = verbatim >= Math.min(this.#limits.verbatim, grams.length)
      const value = isVerbatim ? Math.max(VERBATIM_DEGREE, containment) : containment
      if (!isVerbatim && containment < this.#limits.containment) continue
      const start = isVerbatim ? Math.max(0, end - verbatim) : 0
      const of = `share of the system prompt's 4-grams, ${verbatim} characters of it in one piece`
      leaks.push({ rule: this.rules[at] ?? '', start, end: start + verbatim, secret: '', degree: { value, of } })
    }
    return { leaks, unread: 0 }
  }
}

const NOTHING: Findings = { leaks: [], unread: 0 }

interface Grams {
  readonly length: number
  readonly grams: HashSet
  readonly shingles: HashSet
}

/** Small letters, one space for any run of them. */
function plain(text: string): string {
  return text.toLowerCase().replaceAll(/\s+/g, ' ').trim()
}

function gramsOf(text: string, salt: number): Grams {
  const [grams, shingles] = [new HashSet(text.length), new HashSet(text.length)]
  walk(text, salt, (gram, shingle) => {
    grams.add(gram)
    if (shingle !== 0) shingles.add(shingle)
  })
  return { length: text.length, grams, shingles }
}

function contained(
  output: string,
  { grams, shingles }: Grams,
  salt: number,
): { readonly containment: number; readonly verbatim: number; readonly end: number } {
  grams.begin()
  shingles.begin()
  let [met, run, longest, end] = [0, 0, 0, 0]
  walk(output, salt, (gram, shingle, at) => {
    if (grams.see(gram) === 1) met++
    run = shingle !== 0 && shingles.see(shingle) !== 0 ? run + 1 : 0
    if (run <= longest) return
    longest = run
    end = at + 1
  })
  return { containment: met / grams.size, verbatim: longest === 0 ? 0 : longest + SHINGLE - 1, end }
}

/** The hash of each 4-gram and (0 before there is one) of the 20 characters that end there, rolling (Karp and Rabin 1987). */
function walk(text: string, salt: number, take: (gram: number, shingle: number, at: number) => void): void {
  let [gram, shingle] = [0, 0]
  for (let i = 0; i < text.length; i++) {
    const code = mixed(text.charCodeAt(i), salt)
    gram = (Math.imul(gram, BASE) + code) | 0
    shingle = (Math.imul(shingle, BASE) + code) | 0
    if (i >= GRAM) gram = (gram - Math.imul(mixed(text.charCodeAt(i - GRAM), salt), GRAM_LEAVES)) | 0
    if (i >= SHINGLE) shingle = (shingle - Math.imul(mixed(text.charCodeAt(i - SHINGLE), salt), SHINGLE_LEAVES)) | 0
    if (i >= GRAM - 1) take(gram, i >= SHINGLE - 1 ? shingle || 1 : 0, i)
  }
}

/** What a character counts for when it leaves a window of so many. */
function powerOf(characters: number): number {
  let power = 1
  for (let i = 0; i < characters; i++) power = Math.imul(power, BASE)
  return power
}

function mixed(code: number, salt: number): number {
  const mixing = Math.imul(code + 1, 0x9e3779b1) ^ salt
  return Math.imul(mixing ^ (mixing >>> 15), 0x85ebca6b)
}
