import { PII_KINDS, PiiFinder } from '../../../../src/detect/leaks/pii/finder.ts'
import { PII_DEFAULTS } from '../../../../src/detect/leaks/pii/pii.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { Draw } from './draw.ts'
import { NEAR_MISSES } from './near-misses.ts'
import { OTHER_NAMES } from './other-names.ts'
import { FORMS, type Form } from './samples.ts'
import { BARE, NAMED, place, sentencesOf, type SetName } from './sentences.ts'

/** Texts for each form and each family of near misses. */
const TEXTS = 100
/** Prompts that give sentences without digits to put things into. */
const FOR_SENTENCES = 5_000

export interface Tally {
  readonly name: string
  planted: number
  met: number
  /** Findings of the kind in all texts, planted or near misses, and those of them that are exactly what was planted. */
  found: number
  right: number
}

export interface HeldOut {
  readonly kinds: readonly Tally[]
  readonly forms: readonly Tally[]
  /** Near misses of each family in which anything was found, and which. */
  readonly nearMisses: readonly {
    readonly family: string
    readonly texts: number
    readonly told: number
    readonly asWhat: readonly string[]
  }[]
  readonly misses: readonly string[]
}

/**
 * Personal data drawn by seed from public rules and put into sentences of prompts that hold no digits, then near misses.
 * Met and right: exactly the first and the last character, and the kind.
 */
export function measureHeldOut(seed: number, set: SetName, prompts: readonly string[]): HeldOut {
  const draw = new Draw(seededRandom(seed))
  const finder = new PiiFinder(PII_DEFAULTS.kinds, PII_DEFAULTS.regions)
  const sentences = sentencesOf(prompts.slice(0, FOR_SENTENCES))
  const kinds = new Map(PII_KINDS.map((kind) => [kind, tally(kind)]))
  const misses: string[] = []
  const note = (kind: string, isRight: boolean): void => {
    const own = kinds.get(kind)
    if (!own) return
    own.found++
    if (isRight) own.right++
  }
  const forms = FORMS.map((form) => {
    const own = tally(`${form.kind}, ${form.form}`)
    for (let i = 0; i < TEXTS; i++) {
      const { text, start, end } = placed(draw, form, set, sentences, form.needsName || i % 2 === 0)
      const { leaks } = finder.find(text)
      const isMet = leaks.some((leak) => leak.rule === form.kind && leak.start === start && leak.end === end)
      for (const leak of leaks) note(leak.rule, leak.rule === form.kind && leak.start === start && leak.end === end)
      for (const each of [own, kinds.get(form.kind)]) {
        if (!each) continue
        each.planted++
        if (isMet) each.met++
      }
      if (!isMet)
        misses.push(
          `${own.name}: ${JSON.stringify(text.slice(Math.max(0, start - 30), end + 12))} told as ${leaks.map((leak) => `${leak.rule} ${leak.secret}`).join(' | ') || 'nothing'}`,
        )
    }
    return own
  })
  const nearMisses = NEAR_MISSES.map((nearMiss) => {
    const asWhat: string[] = []
    let told = 0
    for (let i = 0; i < TEXTS; i++) {
      const { text } = place(
        draw,
        (i % 2 === 0 ? NAMED : BARE)[set],
        draw.pick(namesIn(set, nearMiss.kind ?? nearMiss.family, nearMiss.names)),
        nearMiss.draw(draw),
        sentences,
      )
      const { leaks } = finder.find(text)
      if (leaks.length > 0) told++
      for (const leak of leaks) {
        note(leak.rule, false)
        asWhat.push(`${leak.rule} ${JSON.stringify(text.slice(Math.max(0, leak.start - 24), leak.end + 8))}`)
      }
    }
    return { family: nearMiss.family, texts: TEXTS, told, asWhat }
  })
  return { kinds: [...kinds.values()].filter(({ planted }) => planted > 0), forms, nearMisses, misses }
}

function placed(draw: Draw, form: Form, set: SetName, sentences: readonly string[], isNamed: boolean) {
  return place(
    draw,
    (isNamed ? NAMED : BARE)[set],
    draw.pick(namesIn(set, form.kind, form.names)),
    form.draw(draw),
    sentences,
  )
}

function namesIn(set: SetName, what: string, names: readonly string[]): readonly string[] {
  const others = OTHER_NAMES[what] ?? names
  if (set === 'third') return [...names, ...others]
  return set === 'first' ? names : others
}

function tally(name: string): Tally {
  return { name, planted: 0, met: 0, found: 0, right: 0 }
}

/** What is told of prompts as they are. */
export function hitsIn(prompts: readonly string[]): readonly string[] {
  const finder = new PiiFinder(PII_DEFAULTS.kinds, PII_DEFAULTS.regions)
  return prompts.flatMap((prompt) =>
    finder
      .find(prompt)
      .leaks.map((leak) => `${leak.rule} ${JSON.stringify(prompt.slice(Math.max(0, leak.start - 60), leak.end + 30))}`),
  )
}
