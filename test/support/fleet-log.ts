import type { Random } from '../../src/contract/plugin.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { keyHash, litellmRecord, type LoggedRequest } from './llm-log.ts'

/** Numbers of a classifier's input. */
const LENGTH = 64
export const CLASSES = 10
/** Directions in which natural inputs of a class differ: fewer than they have numbers, as of images. */
const NATURAL = 12
/** How sure the classifier is: divides squared distances to the class centres. */
const SOFTNESS = 12
/** Templates that everybody knows, and those of each tenant. */
const [COMMON, OWN] = [30, 3]
const syllables = 'ba ce di fo gu ka le mi no pu ra se ti vo zu'.split(' ')

/** Three words in a row of any prompt or answer. */
export const SPEECH = new RegExp(`(?:(?:${syllables.join('|')}){3} ){3}`)

export type Vector = readonly number[]

/** What stays the same around the words of a request. */
export interface Template {
  readonly before: string
  readonly after: string
}

/** A line of a log and when it was written. */
export interface Line {
  readonly at: number
  readonly text: string
}

/** The operator's own format of what the classifier's gateway writes. */
export const CLASSIFIER_MAPPING = `
normalize:
  mappings:
    - name: classifier
      match: {field: kind, equals: classification}
      time: time
      logsource: {category: inference, product: classifier}
      principal: {kind: key, field: api_key_sha256}
      inference: {model: model, status: status, features: input, output: label, label: label, confidences: probabilities}
`

/**
 * Ordinary callers of a company's two models: a chat model behind a LiteLLM proxy, where each tenant has words of its own
 * beside those that all use, and a classifier of 64 numbers, where each has its own mix of classes.
 */
export class Fleet {
  readonly random: Random
  readonly #topics: readonly (readonly string[])[]
  readonly #templates: readonly Template[]
  readonly #answers: readonly string[]
  readonly #shared: readonly string[]
  readonly #centres: readonly Vector[]
  readonly #directions: readonly Vector[]
  #serial = 0

  constructor(seed: number, topics = 80) {
    this.random = seededRandom(seed)
    this.#shared = this.#vocabulary(40)
    this.#answers = this.#vocabulary(300)
    this.#topics = Array.from({ length: topics }, () => this.#vocabulary(40))
    this.#templates = Array.from({ length: COMMON + OWN * topics }, () => this.template())
    this.#centres = Array.from({ length: CLASSES }, () => this.noise(1))
    this.#directions = Array.from({ length: NATURAL }, () => this.noise(0.4))
  }

  below(count: number): number {
    return Math.floor(this.random.next() * count)
  }

  /** Thirty words as this tenant asks: freely, by a template of its own, or now and then by one that all know. */
  prompt(tenant: number): string {
    const kind = this.random.next()
    const own = COMMON + OWN * (tenant % this.#topics.length)
    if (kind < 0.08) return this.ask(tenant, this.#templates[this.below(COMMON)])
    return this.ask(tenant, kind < 0.5 ? this.#templates[own + this.below(OWN)] : undefined)
  }

  /** Thirty words of this tenant's, in a template where there is one. */
  ask(tenant: number, template?: Template): string {
    const own = this.#topics[tenant % this.#topics.length] ?? []
    const words = this.#text(template ? 18 : 30, () => this.#pick(this.random.next() < 0.6 ? own : this.#shared))
    return template ? `${template.before} ${words} ${template.after}` : words
  }

  template(): Template {
    const words = (): string => this.#text(6, () => this.#pick(this.#answers))
    return { before: words(), after: words() }
  }

  answer(words = 40): string {
    return this.#text(words, () => this.#pick(this.#answers))
  }

  /** What a tenant sends to the classifier: mostly of three classes of its own. */
  input(tenant: number): Vector {
    const label = this.random.next() < 0.8 ? (tenant * 3 + this.below(3)) % CLASSES : this.below(CLASSES)
    return this.#directions.reduce(
      (input, direction) => plus(input, direction, this.normal()),
      plus(this.#centres[label] ?? [], this.noise(0.05)),
    )
  }

  /** The classifier: shares of its classes by distance. */
  classify(input: Vector): readonly number[] {
    const raw = this.#centres.map((centre) => -distance(input, centre) / SOFTNESS)
    const largest = Math.max(...raw)
    const shares = raw.map((value) => Math.exp(value - largest))
    const sum = shares.reduce((a, b) => a + b, 0)
    return shares.map((share) => share / sum)
  }

  chat(request: LoggedRequest): Line {
    return { at: request.at, text: litellmRecord({ output: this.answer(), ...request }, this.#serial++) }
  }

  classification(key: string, at: number, input: Vector): Line {
    return this.classified(key, at, this.classify(input), { input: input.map(rounded) })
  }

  /** As a gateway writes that keeps no inputs. */
  classified(key: string, at: number, shares: readonly number[], more: object = {}): Line {
    const text = JSON.stringify({
      kind: 'classification',
      time: at,
      api_key_sha256: keyHash(key),
      model: 'triage-7',
      status: 200,
      ...more,
      label: `class-${shares.indexOf(Math.max(...shares))}`,
      probabilities: shares.map(rounded),
    })
    return { at, text }
  }

  /** `tenants` callers that ask `each` times in `spanMs`, in order of time. */
  ordinary(kind: 'chat' | 'classifier', tenants: number, each: number, from: number, spanMs: number): readonly Line[] {
    return Array.from({ length: tenants * each }, (_, i) => {
      const tenant = i % tenants
      const at = from + spanMs * this.random.next()
      const key = `sk-${kind}-${tenant}`
      return kind === 'chat'
        ? this.chat({ key, at, prompt: this.prompt(tenant) })
        : this.classification(key, at, this.input(tenant))
    }).toSorted((a, b) => a.at - b.at)
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.random.next())) * Math.cos(2 * Math.PI * this.random.next())
  }

  noise(size: number): Vector {
    return Array.from({ length: LENGTH }, () => size * this.normal())
  }

  #vocabulary(count: number): readonly string[] {
    return Array.from({ length: count }, () => this.#pick(syllables) + this.#pick(syllables) + this.#pick(syllables))
  }

  #text(words: number, word: () => string): string {
    return Array.from({ length: words }, word).join(' ')
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T
  }
}

export function plus(a: Vector, b: Vector, times = 1): Vector {
  return a.map((value, i) => value + times * (b[i] ?? 0))
}

function rounded(value: number): number {
  return Math.round(value * 1e5) / 1e5
}

/** Squared. */
export function distance(a: Vector, b: Vector): number {
  return a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0)
}

/** A log file in order of time. */
export function logOf(lines: readonly Line[]): string {
  return lines
    .toSorted((a, b) => a.at - b.at)
    .map(({ text }) => `${text}\n`)
    .join('')
}
