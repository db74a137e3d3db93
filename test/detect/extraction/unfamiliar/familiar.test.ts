import { describe, expect, test } from 'vitest'
import {
  Familiar,
  FAMILIAR_NUMBERS,
  MOST_SURPRISE,
  shareOf,
  surpriseAt,
  TABLE_WORDS,
} from '../../../../src/detect/extraction/unfamiliar/familiar.ts'
import { Passages } from '../../../../src/detect/extraction/unfamiliar/passages.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'

const KEY = Uint8Array.from({ length: 32 }, (_, i) => 7 * i + 1)
const TEXT = 'Please translate the letter of 12 May, and the one of 13 June'

/** The same by its definition, as texts. */
function passagesOf(text: string): { readonly runs: readonly string[]; readonly pairs: readonly string[] } {
  const folded = text
    .replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replaceAll(/[0-9]/g, '0')
    .replaceAll(/[\u0000-\u0020\u007f]+/g, ' ')
    .replace(/^ /, '')
  const words = folded.match(/[a-z0\u0080-\uffff]+/g) ?? []
  return {
    runs: Array.from({ length: Math.max(0, folded.length - 5) }, (_, i) => folded.slice(i, i + 6)),
    pairs: words.slice(1).map((word, i) => `${words[i]} ${word}`),
  }
}

function placesOf(text: string, key = KEY): { readonly runs: number[]; readonly pairs: number[] } {
  const { runs, pairs } = new Passages(key).of(text)
  return { runs: [...runs], pairs: [...pairs] }
}

/** Where it was the first time. */
function known(places: Map<string, number>, passage: string, place: number): number {
  const before = places.get(passage) ?? place
  places.set(passage, before)
  return before
}

/** Knows what these texts say. */
function knowing(...texts: readonly string[]): Familiar {
  const table = new Int32Array(TABLE_WORDS)
  const passages = new Passages(KEY)
  for (const text of texts) {
    const { runs, pairs } = passages.of(text)
    for (const place of [...runs, ...pairs]) table[place >>> 5] = (table[place >>> 5] ?? 0) | (1 << (place & 31))
  }
  return new Familiar(passages, table)
}

/** The share that is unknown; undefined where there is no text. */
function read(familiar: Familiar, prompt?: string): number | undefined {
  const numbers = new Float64Array(1 + FAMILIAR_NUMBERS)
  familiar.read(prompt === undefined ? {} : { prompt }, numbers, 1)
  const surprise = surpriseAt(numbers, 1)
  return surprise === undefined ? undefined : shareOf(surprise)
}

describe('passages', () => {
  test('are every run of six characters and every pair of words, equal ones at one place and others at others', () => {
    const random = seededRandom(1)
    const letters = ['a', 'B', '7', ' ', '\n', '.', 'é', '日', "'", 'z']
    const [byRun, byPair] = [new Map<string, number>(), new Map<string, number>()]
    for (let n = 0; n < 300; n++) {
      const text = Array.from({ length: Math.floor(random.next() * 80) }, () => letters[Math.floor(random.next() * 10)])
      const wanted = passagesOf(text.join(''))
      const got = placesOf(text.join(''))
      expect([got.runs.length, got.pairs.length]).toEqual([wanted.runs.length, wanted.pairs.length])
      for (const [i, run] of wanted.runs.entries()) expect(known(byRun, run, got.runs[i] ?? -1)).toBe(got.runs[i])
      for (const [i, pair] of wanted.pairs.entries()) expect(known(byPair, pair, got.pairs[i] ?? -1)).toBe(got.pairs[i])
    }
    // Of some ten thousand in eight million places a few meet by chance.
    const different = new Set([...byRun.values(), ...byPair.values()]).size
    expect(byRun.size + byPair.size).toBeGreaterThan(8_000)
    expect(different).toBeGreaterThan(0.998 * (byRun.size + byPair.size))
  })

  test('are elsewhere under another key', () => {
    const [one, other] = [placesOf(TEXT), placesOf(TEXT, KEY.slice().reverse())]
    const both = one.runs.filter((place) => other.runs.includes(place))
    expect(one.runs.length).toBeGreaterThan(50)
    expect(both).toEqual([])
  })

  test('do not depend on case, digits and white space', () => {
    expect(placesOf('  ask\tFOR\n\n12 things ')).toEqual(placesOf('Ask for 98 THINGS '))
  })

  test('of a long text are those of its beginning and its end', () => {
    const [begin, end] = ['first things '.repeat(200).slice(0, 2_048), 'last words here '.repeat(200).slice(-2_048)]
    const long = placesOf(`${begin}${'x'.repeat(100_000)}${end}`)
    expect(long).toEqual({
      runs: [...placesOf(begin).runs, ...placesOf(end).runs],
      pairs: [...placesOf(begin).pairs, ...placesOf(end).pairs],
    })
  })
})

describe('how much of a text is unknown', () => {
  test('is nothing of what is known, nearly all of what is not, and a share of what is put together from known words', () => {
    const familiar = knowing(TEXT)
    expect(read(familiar, TEXT)).toBe(0)
    const foreign = 'Quelqu’un devrait arroser ces grosses plantes vertes, puis fermer les volets et sortir le chien. '
    expect(read(familiar, foreign)).toBeGreaterThan(0.85)
    expect(read(familiar, foreign.repeat(20))).toBeGreaterThan(0.98)
    const mixed = read(familiar, 'the June letter translate 13 of the May, please')
    expect(mixed).toBeGreaterThan(0.4)
    expect(mixed).toBeLessThan(0.85)
    expect(shareOf(MOST_SURPRISE)).toBeCloseTo(1, 10)
  })

  test('counts both, what is said twice twice, and a few known ones beside', () => {
    const known = 'one two three four five'
    const text = 'one two three zzz four five'
    const { runs, pairs } = passagesOf(text)
    const share = {
      runs: runs.filter((run) => known.includes(run)).length,
      pairs: pairs.filter((pair) => passagesOf(known).pairs.includes(pair)).length,
    }
    const left = ((share.runs + 8) / (runs.length + 8) + 0.05) * ((share.pairs + 2) / (pairs.length + 2) + 0.05)
    expect(read(knowing(known), text)).toBeCloseTo(1.05 - Math.sqrt(left), 10)
  })

  test('where there are hardly any pairs of words, is told by runs alone', () => {
    const known = '日本語の文章を要約してください。よろしくお願いします。'
    expect(read(knowing(known), known)).toBe(0)
    expect(read(knowing(TEXT), known)).toBeGreaterThan(0.65)
  })

  test('is more the longer an unknown text is, and of none there is nothing to say', () => {
    const shares = [3, 6, 20, 60, 400, 4_000].map((length) =>
      read(knowing(TEXT), 'wxyz qvk jx '.repeat(400).slice(0, length)),
    )
    expect(shares).toEqual(shares.toSorted((a, b) => (a ?? NaN) - (b ?? NaN)))
    expect(shares[0]).toBe(0)
    expect(read(knowing(TEXT), undefined)).toBeUndefined()
    expect(read(knowing(TEXT), '')).toBeUndefined()
    expect(read(knowing(TEXT), '\ud800'.repeat(30))).toBeGreaterThan(0.5)
  })
})
