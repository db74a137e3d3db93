import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Score } from '../../../src/contract/detect.ts'
import type { Random } from '../../../src/contract/plugin.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { sharedData } from '../../support/shared-data.ts'
import type { Case } from '../bench.ts'
import { bootstrap, requestOf } from './text-tenants.ts'
import type { Request } from './text-tenants.ts'

/** An alarm is a p-value of at most this: the false-positive rate that is aimed at. */
const ALARM = 0.003
const PROMPTS = 4_000

/** Whether each window of a client raised an alarm. */
export type Alarms = readonly boolean[]

/** Words of the vocabulary, each as likely as any other, with the lengths of the texts that it is from. */
export function randomWords(texts: readonly Request[], random: Random): readonly Request[] {
  const split = texts.map(({ prompt }) => prompt?.split(/\s+/) ?? [])
  return wordsOf([...new Set(split.flat())], split, random)
}

/** The same, each as likely as it is in those texts. */
export function usualWords(texts: readonly Request[], random: Random): readonly Request[] {
  const split = texts.map(({ prompt }) => prompt?.split(/\s+/) ?? [])
  return wordsOf(split.flat(), split, random)
}

function wordsOf(all: readonly string[], split: readonly (readonly string[])[], random: Random): readonly Request[] {
  const vocabulary = all.filter((word) => word !== '')
  return Array.from({ length: PROMPTS }, () => {
    const length = split[Math.floor(random.next() * split.length)]?.length ?? 1
    const words = Array.from({ length }, () => vocabulary[Math.floor(random.next() * vocabulary.length)])
    return requestOf(words.join(' '))
  })
}

/** The texts of presidio-research: sentences from elsewhere. */
export function readSentences(): readonly Request[] {
  const rows: unknown = JSON.parse(
    gunzipSync(readFileSync(sharedData('pii', 'presidio-synth-v2.json.gz'))).toString('utf8'),
  )
  return (rows as readonly { readonly full_text: string }[]).map((row) => requestOf(row.full_text))
}

export function alarmsOf(scores: readonly (readonly Score[])[], size: number): Alarms[] {
  return scores.map((own) => own.filter(({ part }) => part === String(size)).map(isAlarm))
}

function isAlarm({ p }: Score): boolean {
  return p !== null && p <= ALARM
}

/** A line of a bench's table: the share of windows that raised an alarm. */
export function rowOf(bench: string, name: string, clients: readonly Alarms[], seeds: number): Case {
  const [low, high] = intervalOf(clients)
  const windows = clients.reduce((sum, alarms) => sum + alarms.length, 0)
  return {
    bench,
    case: `${name} (n ${windows}, 95 % ${percent(low)}–${percent(high)})`,
    value: 100 * rateOf(clients),
    unit: '%',
    runs: seeds,
    peer: null,
    ratio: null,
  }
}

/** By drawing clients anew; where all of them agree, what that many allow for (Clopper and Pearson 1934). */
function intervalOf(clients: readonly Alarms[]): readonly [number, number] {
  const rate = rateOf(clients)
  if (rate === 0) return [0, 1 - 0.025 ** (1 / clients.length)]
  if (rate === 1) return [0.025 ** (1 / clients.length), 1]
  return bootstrap(clients, rateOf, seededRandom(1))
}

export function rateOf(clients: readonly Alarms[]): number {
  let [alarms, windows] = [0, 0]
  for (const own of clients) {
    windows += own.length
    for (const isRaised of own) if (isRaised) alarms++
  }
  return alarms / windows
}

function percent(rate: number): string {
  return (100 * rate).toFixed(1)
}
