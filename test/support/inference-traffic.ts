import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Event, Inference } from '../../src/contract/event.ts'
import type { Random } from '../../src/contract/plugin.ts'
import { event } from './events.ts'
import { sharedData } from './shared-data.ts'

/** Lengths of vector that telemetry brings; a principal keeps to one. */
const DIMENSIONS = [64, 128, 256, 384, 784] as const
/** Every tenth principal sends vectors, every twentieth is answered with confidences too. */
const [VECTORS, CONFIDENCES] = [10, 20]
const [PROMPT, OUTPUT] = [300, 400]
const CLASSES = 10
/** Templates that one principal asks by. */
const TEMPLATES = 3
const SECOND_MS = 1_000
const START = Date.UTC(2026, 0, 5)

/** What a model gateway sees on an ordinary day, without end: natural texts (T0), some vectors, some classifiers. */
export class InferenceTraffic {
  readonly #random: Random
  readonly #prefix: string
  readonly #templates: readonly (readonly string[])[]
  /** One string for each principal, as the normaliser's pseudonyms are: to look it up is quick. */
  readonly #names: string[] = []
  #serial = 0

  /** `prefix` starts each principal's name: other prefixes are other clients. */
  constructor(random: Random, prefix: string) {
    this.#random = random
    this.#prefix = prefix
    this.#templates = templates()
  }

  /** One ordinary request of principal number `principal`, a second after the last. */
  next(principal: number): Event {
    const serial = this.#serial++
    return event({
      id: `${this.#prefix}${String(serial).padStart(20, '0')}`.slice(-26),
      at: START + serial * SECOND_MS,
      principal: (this.#names[principal] ??= `key:${this.#prefix}${principal}`),
      inference: { ...this.#text(principal), ...this.#numbers(principal) },
    })
  }

  batch(principals: readonly number[]): readonly Event[] {
    return principals.map((principal) => this.next(principal))
  }

  #text(principal: number): Partial<Inference> {
    const own = this.#templates[(principal * 7 + this.#below(TEMPLATES)) % this.#templates.length] ?? []
    const prompt = this.#passage(own, PROMPT)
    const output = this.#passage(this.#templates[this.#below(this.#templates.length)] ?? [], OUTPUT)
    const ok = this.#random.next() > 0.01
    const tokens = { inputTokens: prompt.length >> 2, ...(ok ? { outputTokens: output.length >> 2 } : {}) }
    const status = ok ? '200' : '429'
    return { prompt, ...(ok ? { output } : {}), ok, status, ...tokens, model: 'gpt-4o-mini', latencyMs: 900 }
  }

  #numbers(principal: number): Partial<Inference> {
    if (principal % VECTORS !== 0) return {}
    const length = DIMENSIONS[(principal / VECTORS) % DIMENSIONS.length] ?? 64
    const label = this.#below(CLASSES)
    const features = Float32Array.from({ length }, (_, i) => (i % CLASSES === label ? 1 : 0) + this.#normal() / 2)
    if (principal % CONFIDENCES !== 0) return { features }
    const raw = Float64Array.from({ length: CLASSES }, (_, i) => Math.exp((i === label ? 4 : 0) + this.#normal()))
    const sum = raw.reduce((a, b) => a + b, 0)
    return { features, label: String(label), confidences: Float32Array.from(raw, (value) => value / sum) }
  }

  /** A piece of one text, about so long. */
  #passage(texts: readonly string[], length: number): string {
    const text = texts[this.#below(texts.length)] ?? ''
    const wanted = Math.floor(length * (0.6 + 0.8 * this.#random.next()))
    const from = this.#below(Math.max(1, text.length - wanted))
    return text.slice(from, from + wanted)
  }

  #below(count: number): number {
    return Math.floor(this.#random.next() * count)
  }

  #normal(): number {
    return this.#random.next() + this.#random.next() + this.#random.next() + this.#random.next() - 2
  }
}

let read: readonly (readonly string[])[] | undefined

/** The public T0 prompts by template; short ones are put together, so that there is enough to cut passages from. */
function templates(): readonly (readonly string[])[] {
  read ??= [...Map.groupBy(prompts(), ({ tenant }) => tenant).values()]
    .map((own) => {
      const texts: string[] = []
      let text = ''
      for (const { prompt } of own) {
        text += `${prompt}\n`
        if (text.length < 2 * OUTPUT) continue
        texts.push(text)
        text = ''
      }
      return texts
    })
    .filter((texts) => texts.length > 0)
  return read
}

function prompts(): readonly { readonly tenant: string; readonly prompt: string }[] {
  const lines = gunzipSync(readFileSync(sharedData('t0-prompts', 'prompts.ndjson.gz')))
    .toString()
    .trim()
    .split('\n')
  return lines.map((line) => JSON.parse(line) as { readonly tenant: string; readonly prompt: string })
}
