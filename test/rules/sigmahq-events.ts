import type { Event } from '../../src/contract/event.ts'
import { openNormalizer } from '../../src/normalize/normalizer.ts'
import { Pseudonyms } from '../../src/normalize/principal/pseudonyms.ts'
import type { loadRules } from '../../src/rules/load.ts'
import type { RegressionPair } from '../support/sigmahq.ts'

const normalizer = openNormalizer({ pseudonyms: new Pseudonyms(Buffer.alloc(32, 1)) })

/** The events of a pair, through the normaliser and recognised by it. */
export function eventsOf(pair: RegressionPair): readonly Event[] {
  return pair.records.flatMap((record, offset) => {
    const bytes = Buffer.from(record)
    const read = normalizer.normalize({ source: 'evtx', stream: pair.file, offset, bytes, receivedAt: Date.UTC(2027) })
    if ('refused' in read) throw new Error(`${pair.file}: ${read.refused.detail}`)
    return read.events
  })
}

export function recordIn(pair: RegressionPair, at: number): Record<string, unknown> {
  return JSON.parse(pair.records[at] ?? '') as Record<string, unknown>
}

export function placeOf(pair: RegressionPair, at: number): string {
  return `${pair.file}:${at}`
}

/** Of every regression event, its place and the rules that fire on it. */
export function firedOf(
  pairs: readonly RegressionPair[],
  { judge }: ReturnType<typeof loadRules>,
): ReadonlyMap<string, readonly string[]> {
  const fired = new Map<string, readonly string[]>()
  for (const pair of pairs)
    for (const [at, event] of eventsOf(pair).entries())
      fired.set(
        placeOf(pair, at),
        judge.judge(event).map((finding) => finding.rule.id),
      )
  return fired
}

/** How many events of its own a pair's rule fires on. */
export function timesFired(pair: RegressionPair, fired: ReadonlyMap<string, readonly string[]>): number {
  return pair.records.filter((_, at) => fired.get(placeOf(pair, at))?.includes(pair.rule)).length
}
