import type { Findings, Leak, LeakFinder, Where } from '../leak.ts'
import { Bloom } from './bloom.ts'

/** Texts that must not be given away word for word. */
export interface Corpus {
  readonly name: string
  readonly texts: readonly string[]
}

export interface CorpusLimits {
  /** Different n-grams of the corpus in one output that are a leak. */
  readonly leastHits: number
  /** Share of n-grams that are taken for one of the corpus by mistake. */
  readonly falsePositives: number
}

/** Words in a row, as in GPT-3's search for overlaps with its tests (Brown et al. 2020, arXiv 2005.14165, appendix C). */
const NGRAM = 13

/**
 * Protected texts in outputs: 13 words in a row, in any case and punctuation, looked up in one Bloom filter for each corpus.
 * No text and no word stays in memory. About 24 µs for 1,000 characters of output.
 */
export class CorpusFinder implements LeakFinder {
  readonly rules: readonly string[]
  readonly #filters: readonly Bloom[]
  readonly #limits: CorpusLimits
  readonly #salt: number

  constructor(corpora: readonly Corpus[], limits: CorpusLimits, salt: number) {
    this.#limits = limits
    this.#salt = salt
    this.rules = corpora.map(({ name }) => `corpus:${name}`)
    this.#filters = corpora.map(({ texts }) => filterOf(texts, limits.falsePositives, salt))
  }

  /** Memory of all filters. */
  get bytes(): number {
    return this.#filters.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  find(text: string, { direction }: Where = {}): Findings {
    if (direction === 'prompt' || this.#filters.length === 0) return { leaks: [], unread: 0 }
    const hits = this.#filters.map(() => ({ grams: new Set<number>(), start: 0, end: 0 }))
    eachNgram(text, this.#salt, (first, second, start, end) => {
      for (const [at, filter] of this.#filters.entries()) {
        const hit = hits[at]
        if (!hit || !filter.has(first, second)) continue
        if (hit.grams.size === 0) hit.start = start
        hit.grams.add(first)
        hit.end = end
      }
    })
    const leaks = hits.flatMap(({ grams, start, end }, at): Leak[] => {
      if (grams.size < this.#limits.leastHits) return []
      const degree = { value: grams.size, of: `runs of ${NGRAM} words from the protected text` }
      return [{ rule: this.rules[at] ?? '', start, end, secret: '', degree }]
    })
    return { leaks, unread: 0 }
  }
}

function filterOf(texts: readonly string[], falsePositives: number, salt: number): Bloom {
  let grams = 0
  for (const text of texts) eachNgram(text, salt, () => grams++)
  const filter = new Bloom(grams, falsePositives)
  for (const text of texts) eachNgram(text, salt, (first, second) => filter.add(first, second))
  return filter
}

const FIRST_BASE = 0x01000193
const SECOND_BASE = 0x5bd1e995
const FIRST_LEAVES = powerOf(FIRST_BASE)
const SECOND_LEAVES = powerOf(SECOND_BASE)

/** Two hashes of every 13 words in a row, and where those stand. A word is letters and digits in a row, in any case. */
function eachNgram(
  text: string,
  salt: number,
  take: (first: number, second: number, start: number, end: number) => void,
): void {
  const words = new Int32Array(NGRAM)
  const starts = new Int32Array(NGRAM)
  let [count, first, second] = [0, 0, 0]
  for (const match of text.toLowerCase().matchAll(/[\p{L}\p{N}]+/gu)) {
    const word = hashOf(match[0], salt)
    const place = count % NGRAM
    first = (Math.imul(first, FIRST_BASE) + word) | 0
    second = (Math.imul(second, SECOND_BASE) + word) | 0
    if (count >= NGRAM) {
      first = (first - Math.imul(words[place] ?? 0, FIRST_LEAVES)) | 0
      second = (second - Math.imul(words[place] ?? 0, SECOND_LEAVES)) | 0
    }
    words[place] = word
    starts[place] = match.index
    count++
    if (count >= NGRAM) take(mixed(first), mixed(second), starts[count % NGRAM] ?? 0, match.index + match[0].length)
  }
}

function hashOf(word: string, salt: number): number {
  let hash = salt
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), FIRST_BASE)
  return mixed(hash)
}

function mixed(hash: number): number {
  const mixing = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return Math.imul(mixing ^ (mixing >>> 13), 0xc2b2ae35)
}

function powerOf(base: number): number {
  let power = 1
  for (let i = 0; i < NGRAM; i++) power = Math.imul(power, base)
  return power
}
