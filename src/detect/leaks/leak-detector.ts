import type {
  Detector,
  DetectorContext,
  Explanation,
  KeyUse,
  Reader,
  Reading,
  Score,
  StateChange,
  Texts,
} from '../../contract/detect.ts'
import type { Event } from '../../contract/event.ts'
import type { Counter, Log } from '../../contract/plugin.ts'
import { tellForgotten } from '../state/forgotten.ts'
import { KeyedRows } from '../state/keyed-rows.ts'
import { SMALLEST_P } from '../statistics/ladder.ts'
import type { Direction, Leak, LeakFinder } from './leak.ts'
import { Mask } from './mask.ts'
import { isKnown, QuietTexts, SECTION } from './memory.ts'

export interface LeakWatch {
  readonly finder: LeakFinder
  /** Principals whose leaks are remembered; 208 bytes each, and only for those that had any. */
  readonly maxKeys: number
  /** Characters of a text that are looked at. */
  readonly maxChars: number
  readonly shown: number
  readonly directions: readonly Direction[]
  /** What its hits are called in a sentence. */
  readonly noun: (rule: string) => string
  /** Rules whose hits are certain: nothing but a leak looks so. */
  readonly isCertain: (rule: string) => boolean
}

const NOTHING: readonly Score[] = []
const NO_LEAKS: readonly Leak[] = []
/** In the order of a reading's numbers. */
const DIRECTIONS = ['prompt', 'output'] as const
/** Numbers that `LeakReader` writes. */
export const LEAK_NUMBERS = DIRECTIONS.length
const NO_RULES: ReadonlySet<string> = new Set()
/** Different secrets of one rule that are looked up and masked in one text; all are counted. */
const MOST_MASKED = 8

/**
 * Any finder as a detector: one score for each (event, direction, rule) with a hit. p is the share of quiet texts that had
 * such a hit, this one counted: (1 + hits) / (1 + texts), learned from the fleet for each rule and direction; 1e-9 where a
 * hit is certain. It is honest for the next text drawn like those before, and 1 before anything was learned, which is why
 * the rules for secrets do not ask for p. A score holds a secret's length, its last characters at most and a fingerprint.
 *
 * A chat sends its history again with every turn: `known` says that this principal's secrets were all told before. A
 * principal evicted from memory starts with none known, so its next secret is told as new: nothing can be hidden by that.
 */
export class LeakDetector implements Detector {
  readonly #name: string
  readonly #log: Log
  readonly #skipped: Counter
  readonly #watch: LeakWatch
  readonly #mask: Mask
  readonly #rows: KeyedRows
  readonly #quiet: QuietTexts
  /** What the event scored last held, for `learn`. */
  #last: { readonly event: Event; readonly rules: ReadonlyMap<Direction, ReadonlySet<string>> } | undefined

  constructor(watch: LeakWatch, context: DetectorContext) {
    this.#name = context.name
    this.#log = context.log
    this.#skipped = context.metrics.counter(
      'modelward_detector_skipped_total',
      'What detectors did not look at, by reason',
      ['component_id', 'reason'],
    )
    this.#watch = watch
    this.#mask = new Mask(context.key, watch.shown)
    this.#rows = new KeyedRows(watch.maxKeys, [SECTION])
    this.#quiet = new QuietTexts(watch.finder.rules)
  }

  score(event: Event, reading?: Reading): readonly Score[] {
    const { inference } = event
    if (!inference) return NOTHING
    const rules = new Map<Direction, ReadonlySet<string>>()
    this.#last = { event, rules }
    let scores = NOTHING
    for (const direction of this.#watch.directions) {
      const text = inference[direction]
      if (text === undefined || text === '') continue
      const leaks = isClean(reading, direction) ? NO_LEAKS : this.#look(text, direction)
      rules.set(direction, leaks.length === 0 ? NO_RULES : new Set(leaks.map(({ rule }) => rule)))
      if (leaks.length > 0) scores = [...scores, ...this.#tell(event, direction, leaks)]
    }
    return scores
  }

  learn(event: Event): void {
    if (this.#last?.event !== event) return
    for (const [direction, rules] of this.#last.rules) this.#quiet.note(direction, rules)
    this.#last = undefined
  }

  changes(): readonly StateChange[] {
    return [...this.#quiet.changes(), ...this.#rows.changes()]
  }

  restore(state: Iterable<StateChange>): void {
    this.#quiet.clear()
    this.#last = undefined
    const own = [...state].filter((change) => !this.#quiet.restore(change))
    const unknown = this.#rows.restore(own)
    tellForgotten(unknown, { log: this.#log, name: this.#name })
  }

  keys(): KeyUse {
    return this.#rows.keys()
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #look(text: string, direction: Direction): readonly Leak[] {
    const { finder, maxChars } = this.#watch
    if (text.length > maxChars) this.#skipped.add(1, { component_id: this.#name, reason: 'text_too_long' })
    const { leaks, unread } = finder.find(text.length > maxChars ? text.slice(0, maxChars) : text, { direction })
    if (unread > 0) this.#skipped.add(1, { component_id: this.#name, reason: 'too_many_candidates' })
    return leaks
  }

  #tell(event: Event, direction: Direction, leaks: readonly Leak[]): readonly Score[] {
    const byRule = Map.groupBy(leaks, ({ rule }) => rule)
    return [...byRule].map(([rule, found]) => {
      const { principal } = event
      return {
        detector: this.#name,
        event,
        ...(principal === undefined ? {} : { principal }),
        p: this.#watch.isCertain(rule) ? SMALLEST_P : this.#p(direction, rule),
        direction,
        part: `${direction} ${rule}`,
        explain: this.#explain(event, direction, rule, found, byRule.size),
      }
    })
  }

  #p(direction: Direction, rule: string): number {
    return (1 + this.#quiet.hits(direction, rule)) / (1 + this.#quiet.texts(direction))
  }

  #explain(event: Event, direction: Direction, rule: string, found: readonly Leak[], kinds: number): Explanation {
    const different = new Map(found.map((leak) => [leak.secret, leak]))
    const masked = [...different.values()].slice(0, MOST_MASKED)
    const { length, tail, fingerprint } = this.#mask.mask(masked[0] ?? { rule, start: 0, end: 0, secret: '' })
    const known = this.#areKnown(event.principal, masked)
    const texts = this.#quiet.texts(direction)
    const hits = this.#quiet.hits(direction, rule)
    const degree = found[0]?.degree
    const noun = this.#watch.noun(rule)
    const what = degree
      ? `${degree.of}: ${round(degree.value)} (${noun})`
      : `${different.size} × ${noun}, ${length} characters${tail === '' ? '' : ` ending in ${tail}`}`
    return {
      feature: rule,
      seen: degree ? round(degree.value) : different.size,
      expected: texts === 0 ? null : round(hits / texts),
      text: `the ${direction} holds ${what}${known ? ', told before for this principal' : ''}; so did ${hits} of ${texts} quiet ${direction}s`,
      exemplars: [event.id],
      rule,
      kinds,
      known,
      length,
      tail,
      fingerprint,
    }
  }

  /** Whether all of them were told before for this principal; they are from now on. */
  #areKnown(principal: string | undefined, leaks: readonly Leak[]): boolean {
    if (principal === undefined) return false
    const row = this.#rows.use(principal)
    let known = true
    for (const { rule, secret } of leaks) if (!isKnown(row, this.#mask.number(`${rule}\n${secret}`))) known = false
    return known
  }
}

/** Reads whether there is nothing to be found: most texts are looked at on another thread, and on this one those with a hit. */
export class LeakReader implements Reader {
  readonly #watch: Pick<LeakWatch, 'finder' | 'maxChars' | 'directions'>

  constructor(watch: Pick<LeakWatch, 'finder' | 'maxChars' | 'directions'>) {
    this.#watch = watch
  }

  /** 1 for a text that was looked at whole and holds nothing. */
  read(texts: Texts, out: Float64Array, at: number): void {
    const { finder, maxChars, directions } = this.#watch
    for (const direction of directions) {
      const text = texts[direction]
      if (text === undefined || text === '' || text.length > maxChars) continue
      const { leaks, unread } = finder.find(text, { direction })
      if (leaks.length === 0 && unread === 0) out[at + DIRECTIONS.indexOf(direction)] = 1
    }
  }
}

function isClean(reading: Reading | undefined, direction: Direction): boolean {
  return reading !== undefined && reading.numbers[reading.at + DIRECTIONS.indexOf(direction)] === 1
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000
}
