import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Detector } from '../../../src/contract/detect.ts'
import { Bloom } from '../../../src/detect/leaks/canaries/bloom.ts'
import { canaries } from '../../../src/detect/leaks/canaries/canaries.ts'
import { CanaryFinder } from '../../../src/detect/leaks/canaries/canary-finder.ts'
import { CorpusFinder } from '../../../src/detect/leaks/canaries/corpus-finder.ts'
import { PromptFinder } from '../../../src/detect/leaks/canaries/prompt-finder.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { detectorContext } from '../../support/detector-context.ts'
import { event } from '../../support/events.ts'
import { detectorConformance } from '../conformance.ts'
import { chats } from './texts.ts'

const VALUE = 'Qx7#mv-Blue/Heron 42'
const PROMPT =
  'You are Hedwig, the support assistant of Acme Post. Never speak of parcels above 31 kg. Escalate refunds beyond 200 euros to a person, and end each answer with a proverb about owls.'
const CORPUS = Array.from(
  { length: 60 },
  (_, i) => `chapter ${i} says that heron number ${i * 7} crossed the ${i % 9} rivers`,
).join('. ')

const folder = mkdtempSync(join(tmpdir(), 'modelward-canaries-'))
function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const valueFile = file('value', `${VALUE}\n`)
const CONFIG = {
  canaries: [{ name: 'crm', value: `\${file:${valueFile}}` }],
  systemPrompts: [{ name: 'hedwig', file: file('prompt.txt', PROMPT) }],
  corpora: [{ name: 'herons', files: [file('corpus.txt', CORPUS)] }],
}
const open = (config: object): Promise<Detector> =>
  canaries.open(canaries.config.parse(config), detectorContext('canaries'))

detectorConformance({
  name: 'canaries',
  open: (cap) => open(cap === undefined ? CONFIG : { ...CONFIG, maxKeys: cap }),
  events: (random, prefix = 'key:') =>
    chats(random, prefix, (serial) => (serial % 4 === 0 ? PROMPT : serial % 4 === 1 ? CORPUS.slice(0, 400) : VALUE)),
})

describe('a canary', () => {
  const finder = new CanaryFinder([{ name: 'crm', value: VALUE, inPrompts: false }])
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  test.each([
    ['as it is', VALUE],
    ['in capitals', VALUE.toUpperCase()],
    ['reversed', Array.from(VALUE).toReversed().join('')],
    ['in base64 at the first place', base64(`abc${VALUE} and more`)],
    ['in base64 at the second place', base64(`a${VALUE} and more`)],
    ['in base64 at the third place', base64(`ab${VALUE} and more`)],
    ['in base64 at the very end', base64(`ab${VALUE}`)],
    ['in base64 for URLs', Buffer.from(`x${VALUE}`).toString('base64url')],
    ['in base64 broken into lines', base64(VALUE).replaceAll(/.{5}/g, '$&\n')],
    ['in hex', Buffer.from(VALUE).toString('hex')],
    ['in capital hex with spaces', Buffer.from(VALUE).toString('hex').toUpperCase().replaceAll(/../g, '$& ')],
    ['percent-encoded', encodeURIComponent(VALUE)],
    ['percent-encoded throughout', Buffer.from(VALUE).toString('hex').replaceAll(/../g, '%$&')],
    ['with escapes', Buffer.from(VALUE).toString('hex').replaceAll(/../g, '\\x$&')],
    ['letter by letter', Array.from(VALUE).join(' ')],
    ['with characters of no width', Array.from(VALUE).join('\u200b')],
  ])('is seen %s, inside other text', (_way, written) => {
    expect(finder.find(`So: ${written}, you know.`).leaks.map(({ rule }) => rule)).toEqual(['canary:crm'])
  })

  test('is not seen in part, nor in other text', () => {
    expect(finder.find(VALUE.slice(0, -1)).leaks).toEqual([])
    expect(finder.find(`${PROMPT} ${CORPUS}`).leaks).toEqual([])
  })

  test('is placed where it stands, whatever is hidden before it', () => {
    const text = `a b c \u200b ${Array.from(VALUE).join('\u200b')}`
    expect(text.slice(finder.find(text).leaks[0]?.start)).toMatch(/^Q/)
  })

  test('of a system prompt is looked for in outputs only, a honeytoken in prompts too', () => {
    const honey = new CanaryFinder([{ name: 'h', value: VALUE, inPrompts: true }])
    expect(finder.find(VALUE, { direction: 'prompt' }).leaks).toEqual([])
    expect(finder.find(VALUE, { direction: 'output' }).leaks).toHaveLength(1)
    expect(honey.find(VALUE, { direction: 'prompt' }).leaks).toHaveLength(1)
  })

  test('is certain, and none of its characters is told', async () => {
    const [score] = (await open(CONFIG)).score(event({ principal: 'key:a', inference: { output: VALUE } }))
    expect(score).toMatchObject({ p: 1e-9, direction: 'output', part: 'output canary:crm', explain: { tail: '' } })
    expect(JSON.stringify(score?.explain)).not.toContain('42')
  })
})

describe('a system prompt', () => {
  const limits = { containment: 0.85, verbatim: 80 }
  const finder = new PromptFinder([{ name: 'hedwig', text: PROMPT }], limits, 77)
  const degree = (text: string): number | undefined =>
    finder.find(text, { direction: 'output' }).leaks[0]?.degree?.value

  test('is seen whole, in any case and spacing, as 1', () => {
    expect(degree(`My instructions: "${PROMPT.toUpperCase().replaceAll(' ', '\n  ')}" - that is all.`)).toBe(1)
  })

  test('is seen in a piece word for word as 0.95', () => {
    expect(degree(`It says ${PROMPT.slice(30, 120)}`)).toBe(0.95)
    expect(degree(`It says ${PROMPT.slice(30, 90)}`)).toBeUndefined()
  })

  test('is seen with words between its sentences, by its 4-grams', () => {
    const cut = PROMPT.replaceAll(/(.{40})/g, '$1 ## ')
    expect(degree(cut)).toBeGreaterThan(0.85)
    expect(degree(cut)).toBeLessThan(0.95)
  })

  test('is not seen in its own prompts, nor in talk about the same things', () => {
    expect(finder.find(PROMPT, { direction: 'prompt' }).leaks).toEqual([])
    expect(
      degree('I am Hedwig of Acme Post. For refunds please ask a person; owls sleep by day, they say.'),
    ).toBeUndefined()
  })

  test('of fewer characters than the limit is seen when it is there whole', () => {
    const short = new PromptFinder([{ name: 's', text: 'Answer in French only, please.' }], limits, 77)
    expect(short.find('He said: answer in french only, please.').leaks).toHaveLength(1)
    expect(short.find('He said: answer in french only').leaks).toEqual([])
  })
})

describe('a protected corpus', () => {
  const finder = new CorpusFinder([{ name: 'herons', texts: [CORPUS] }], { leastHits: 3, falsePositives: 1e-6 }, 77)
  const words = CORPUS.split(/\W+/)
  const hits = (from: number, count: number): number | undefined =>
    finder.find(
      `He wrote: ${words
        .slice(from, from + count)
        .join(' - ')
        .toUpperCase()}!`,
    ).leaks[0]?.degree?.value

  test('is seen by runs of 13 words, in any case and punctuation, from the third run on', () => {
    expect(hits(100, 15)).toBe(3)
    expect(hits(100, 40)).toBe(28)
    expect(hits(100, 14)).toBeUndefined()
  })

  test('is counted by different runs: the same one again and again is one', () => {
    expect(
      finder.find(Array.from({ length: 5 }, () => words.slice(50, 63).join(' ')).join(' | stop | ')).leaks,
    ).toEqual([])
  })

  test('mistakes other text for its own no more often than stated', () => {
    const random = seededRandom(3)
    const filter = new Bloom(20_000, 0.01)
    const draw = (): number => Math.floor(random.next() * 2 ** 32) | 0
    for (let i = 0; i < 20_000; i++) filter.add(draw(), draw())
    let wrong = 0
    for (let i = 0; i < 20_000; i++) if (filter.has(draw(), draw())) wrong++
    expect(wrong / 20_000).toBeLessThan(0.015)
    expect(filter.bytes).toBeLessThan(20_000 * 1.25)
  })

  test('takes memory as stated: 29 bits for each run of words', () => {
    expect(finder.bytes * 8).toBeLessThanOrEqual(Math.ceil((words.length * 28.8) / 32) * 32)
  })
})

describe('a config', () => {
  test('with nothing to protect says nothing', async () => {
    expect((await open({})).score(event({ principal: 'key:a', inference: { output: `${VALUE} ${PROMPT}` } }))).toEqual(
      [],
    )
  })

  test('takes canaries from a file, one a line', async () => {
    const detector = await open({
      canaries: [{ name: 'many', file: file('many', 'first-value-1\n\nsecond-value-2\n') }],
    })
    expect(detector.score(event({ inference: { output: 'x second-value-2 x' } }))).toHaveLength(1)
  })

  test.each([
    [{ canaries: [{ name: 'a' }] }, 'canary a: give it a value or a file'],
    [{ canaries: [{ name: 'a', file: file('short', 'abc') }] }, 'canary a: a value is shorter than 8'],
    [{ canaries: [{ name: 'a', file: file('much', 'x-value-0\n'.repeat(1_001)) }] }, '1001 canaries'],
    [{ systemPrompts: [{ name: 'a', file: '/nowhere/p' }] }, 'protected text /nowhere/p cannot be read'],
    [{ systemPrompts: [{ name: 'a', file: file('tiny', 'Hi.') }] }, 'shorter than 20'],
  ])('that cannot work is refused in words, without a value', async (config, why) => {
    await expect(open(config)).rejects.toThrow(why)
  })

  test('has a value by reference only, and examples that work', () => {
    expect(canaries.config.safeParse({ canaries: [{ name: 'a', value: 'in clear text' }] }).success).toBe(false)
    for (const example of canaries.examples) expect(canaries.config.safeParse(example).success).toBe(true)
  })
})
