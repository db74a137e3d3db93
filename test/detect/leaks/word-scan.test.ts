import { expect, test } from 'vitest'
import { WordScan } from '../../../src/detect/leaks/word-scan.ts'
import { seededRandom } from '../../../src/runtime/random.ts'

function seen(words: readonly string[], text: string, foldsCase = false): string[] {
  const found: string[] = []
  new WordScan(words, foldsCase).scan(text, (word, at) => found.push(`${words[word]}@${at}`))
  return found.toSorted()
}

/** What a person would write: look for each word at each place. */
function looked(words: readonly string[], text: string, foldsCase: boolean): string[] {
  const fold = (part: string): string => (foldsCase ? part.replaceAll(/[A-Z]/g, (c) => c.toLowerCase()) : part)
  const found: string[] = []
  for (const word of words)
    for (let at = 0; at < text.length; at++)
      if (word !== '' && fold(text.slice(at, at + word.length)) === fold(word)) found.push(`${word}@${at}`)
  return found.toSorted()
}

test('words are seen at even and odd places, at both ends, inside each other and twice', () => {
  expect(seen(['key', 'ey', 'y'], 'keykey')).toEqual(['ey@1', 'ey@4', 'key@0', 'key@3', 'y@2', 'y@5'])
  expect(seen(['', 'absent'], 'a text')).toEqual([])
  expect(seen([], 'a text')).toEqual([])
  expect(seen(['sk-ant-api03'], 'xsk-ant-api03')).toEqual(['sk-ant-api03@1'])
  expect(seen(['sk-ant-api03'], 'xsk-ant-api04')).toEqual([])
})

test('case is told apart or not, as asked', () => {
  expect(seen(['AKIA'], 'akia AKIA')).toEqual(['AKIA@5'])
  expect(seen(['AKIA'], 'aKiA AKIA', true)).toEqual(['AKIA@0', 'AKIA@5'])
})

test('characters that share their low byte are not taken for each other', () => {
  expect(seen(['key'], 'k\u0165y key \u016bey')).toEqual(['key@4'])
  expect(seen(['ключ'], 'наш ключ, ;lne')).toEqual(['ключ@4'])
})

test('a word across the seam of two pieces is seen once', () => {
  for (let before = 65_500; before < 65_540; before += 3)
    expect(
      seen(['needle-in-a-haystack', 'ee'], `${'.'.repeat(before)}needle-in-a-haystack${'.'.repeat(70_000)}`),
    ).toEqual([`ee@${before + 1}`, `needle-in-a-haystack@${before}`])
})

test('any words in any text: the same as looking for each at each place', () => {
  const random = seededRandom(7)
  const letters = 'abcAB-é\u0161\u4e61'
  const word = (most: number): string =>
    Array.from(
      { length: Math.floor(random.next() * most) },
      () => letters[Math.floor(random.next() * letters.length)],
    ).join('')
  for (let round = 0; round < 25; round++) {
    const words = [...new Set(Array.from({ length: 1 + Math.floor(random.next() * 8) }, () => word(14)))]
    const text = word(200) + (words[0] ?? '')
    for (const foldsCase of [false, true]) expect(seen(words, text, foldsCase)).toEqual(looked(words, text, foldsCase))
  }
})
