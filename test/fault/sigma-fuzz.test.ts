import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Fields } from '../../src/contract/event.ts'
import { RuleJudge } from '../../src/rules/judge.ts'
import { parseDocuments } from '../../src/rules/parse/documents.ts'
import { resolvePlaceholders } from '../../src/rules/parse/placeholders.ts'
import { parseRule } from '../../src/rules/parse/rule.ts'
import type { Rule } from '../../src/rules/parse/syntax.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { event } from '../support/events.ts'
import { memoryKept } from '../support/memory.ts'
import { aimAt, Dice } from '../support/naive-sigma-aim.ts'
import { corpusRules, laneEvents, regressionEvents, type CorpusRule } from '../support/naive-sigma-corpus.ts'
import { mutated, mutatedYaml } from '../support/naive-sigma-mutate.ts'
import { haveSharedData } from '../support/shared-data.ts'

const SEED = Number(process.env['MODELWARD_SEED'] ?? 1)
/** In CI 1,040,000 cases, outside a tenth of them. */
const TENTHS = Number(process.env['MODELWARD_TENTHS'] ?? (process.env['CI'] ? 10 : 1))
const TEXTS = 2_000 * TENTHS
const RULES = 22_000 * TENTHS
const EVENTS = 80_000 * TENTHS
/** No single case may take this thread longer, in ms of its CPU time: on a busy machine waiting is not working. */
const LONGEST_MS = 50
/**
 * Rules and records beyond these, in characters of JSON, are not tried: reading and indexing a rule takes time with its length,
 * and of SigmaHQ's longest, 288 KiB of hashes, more than a tenth of a second.
 */
const LONGEST_RULE = 32 * 1024
const LONGEST_RECORD = 64 * 1024
/** The heap may grow by this much between an early case and the last. */
const MOST_GROWTH = 128 * 1024 * 1024

type Documents = readonly { readonly detection: unknown }[]

/** Runs a case; a slow one again, because compiling and a collection of garbage are not the engine's doing. */
function timely(about: () => string, run: () => void): void {
  let best = Infinity
  for (let attempt = 0; attempt < 4 && best > LONGEST_MS; attempt++) {
    const start = process.threadCpuUsage()
    try {
      run()
    } catch (error) {
      throw new Error(`seed ${SEED}: it threw ${String(error)} on ${about()}`, { cause: error })
    }
    const { user, system } = process.threadCpuUsage(start)
    best = Math.min(best, (user + system) / 1000)
  }
  if (best > LONGEST_MS) throw new Error(`seed ${SEED}: it took ${best.toFixed()} ms for ${about()}`)
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 3000)
}

/** The rules that a judge may be made of, as loading does it: a rule whose placeholders have no lists is refused. */
function ready(rules: readonly Rule[]): readonly Rule[] {
  return resolvePlaceholders(rules, new Map()).rules
}

const CASES = TEXTS + RULES + EVENTS

describe.runIf(haveSharedData())(`nothing that can be written breaks the engine, in ${CASES} cases`, () => {
  let corpus: readonly CorpusRule[] = []
  let documents: Documents = []
  let events: readonly Fields[] = []
  let everything: RuleJudge
  const dice = new Dice(seededRandom(SEED))

  beforeAll(() => {
    const all = corpusRules()
    corpus = all.filter(({ text }) => text.length <= LONGEST_RULE)
    documents = corpus.map(({ text }) => parse(text) as Documents[number])
    events = [...regressionEvents(), ...laneEvents(60)]
    everything = new RuleJudge(ready(all.flatMap(({ path, text }) => parseDocuments(path, text).rules)), {
      routing: false,
    })
  })

  test('mutated texts are read, or refused in words', () => {
    let refused = 0
    for (let number = 0; number < TEXTS; number++) {
      let text = dice.pick(corpus).text
      for (let times = 1 + dice.below(3); times > 0; times--) text = mutatedYaml(text, dice)
      timely(
        () => text,
        () => {
          const { rules, problems } = parseDocuments('rule.yml', text)
          if (rules.length > 0) new RuleJudge(ready(rules)).judge(event({ fields: dice.pick(events) }))
          if (problems.length > 0) refused++
          else expect(rules.length).toBeGreaterThan(0)
        },
      )
    }
    expect(refused).toBeGreaterThan(TEXTS * 0.1)
    expect(refused).toBeLessThan(TEXTS * 0.9)
  })

  test('mutated rules are read, or refused in words, and what is read judges', () => {
    let read = 0
    let early = 0
    for (let number = 0; number < RULES; number++) {
      if (number === RULES / 10) early = memoryKept().heap
      let document: unknown = dice.pick(documents)
      const { detection } = document as Documents[number]
      document = mutatedUpTo(LONGEST_RULE, document, dice, mutatedRule)
      const fields = dice.chance(0.5) ? aimAt(detection, dice) : dice.pick(events)
      timely(
        () => `${shown(document)} and ${shown(fields)}`,
        () => {
          let problems = 0
          const report = Object.assign((): void => void problems++, { file: 'rule.yml', line: 1, lineOf: () => 1 })
          const rule = parseRule(document as Record<string, unknown>, report)
          if (!rule && problems === 0) throw new Error('it was refused without a word')
          if (!rule || problems > 0) return
          read++
          new RuleJudge(ready([rule]), { routing: false }).judge(event({ fields }))
        },
      )
    }
    expect(read).toBeGreaterThan(RULES * 0.2)
    expect(read).toBeLessThan(RULES * 0.9)
    expect(memoryKept().heap - early).toBeLessThan(MOST_GROWTH)
  })

  test('mutated events are judged by all of SigmaHQ', () => {
    let early = 0
    let held = 0
    for (let number = 0; number < EVENTS; number++) {
      if (number === EVENTS / 10) early = memoryKept().heap
      let fields: unknown = dice.chance(0.3) ? aimAt(dice.pick(documents).detection, dice) : dice.pick(events)
      fields = mutatedUpTo(LONGEST_RECORD, fields, dice, mutated)
      const judged = event({
        fields: typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>) : {},
      })
      timely(
        () => shown(fields),
        () => void (held += everything.judge(judged).length),
      )
    }
    expect(held).toBeGreaterThan(EVENTS * 0.05)
    expect(memoryKept().heap - early).toBeLessThan(MOST_GROWTH)
  })
})

/** One to three changes; one that makes the value too long is not made. */
function mutatedUpTo(longest: number, value: unknown, dice: Dice, mutate: typeof mutated): unknown {
  let made = value
  for (let times = 1 + dice.below(3); times > 0; times--) {
    const next = mutate(made, dice)
    if ((JSON.stringify(next) ?? '').length <= longest) made = next
  }
  return made
}

/** Mostly within the detection, where a rule's meaning is; a rule stays a map. */
function mutatedRule(document: unknown, dice: Dice): unknown {
  const map = document as Record<string, unknown>
  if (dice.chance(0.85)) return { ...map, detection: mutated(map['detection'], dice) }
  const made = mutated(map, dice)
  return typeof made === 'object' && made !== null && !Array.isArray(made) ? made : map
}
