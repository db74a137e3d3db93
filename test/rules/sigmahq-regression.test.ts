import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Event } from '../../src/contract/event.ts'
import { openNormalizer } from '../../src/normalize/normalizer.ts'
import { Pseudonyms } from '../../src/normalize/principal/pseudonyms.ts'
import { loadRules } from '../../src/rules/load.ts'
import { naiveRuleOf } from '../support/naive-sigma.ts'
import { haveSharedData } from '../support/shared-data.ts'
import { readSigmaHq, type RegressionPair, type SigmaHq } from '../support/sigmahq.ts'
import { thorEvent } from '../support/thor.ts'

/** Rules that ask for a list that SigmaHQ leaves to its users. */
const NEED_A_LIST = [
  'win_security_adcs_certighost_cdc_chase_request.yml',
  'win_security_adcs_certighost_cert_issued_via_chase.yml',
]

describe.skipIf(!haveSharedData())('SigmaHQ’s own rules and regression data (skipped without ../shared/data)', () => {
  let sigmaHq: SigmaHq
  let loaded: ReturnType<typeof loadRules>
  /** Of every regression event, its place and the rules that fire on it. */
  const fired = new Map<string, readonly string[]>()

  beforeAll(() => {
    sigmaHq = readSigmaHq()
    loaded = loadRules([], { files: sigmaHq.rules })
    for (const pair of sigmaHq.pairs)
      for (const [at, event] of eventsOf(pair).entries())
        fired.set(
          placeOf(pair, at),
          loaded.judge.judge(event).map((finding) => finding.rule.id),
        )
  }, 60_000)

  test('all 3,757 rules load, but two that need a list of the user’s', () => {
    expect(sigmaHq.rules).toHaveLength(3_757)
    const refused = [...new Set(loaded.problems.map(({ file }) => file.slice(file.lastIndexOf('/') + 1)))]
    expect(refused.toSorted()).toEqual(NEED_A_LIST)
    expect(new Set(loaded.problems.map(({ what }) => what.includes('%known_cdcs%')))).toEqual(new Set([true]))
    expect(loaded.rules).toHaveLength(3_757 - NEED_A_LIST.length)
  })

  test('202 of 202 rules fire on their own events, as often as SigmaHQ says', () => {
    expect(sigmaHq.pairs).toHaveLength(202)
    const short = sigmaHq.pairs.filter((pair) => timesFired(pair) < pair.count)
    expect(short.map(({ file }) => file)).toEqual([])
  })

  test('every one of the 238 events is routed as SigmaHQ’s table routes it, under the same names', () => {
    let count = 0
    for (const pair of sigmaHq.pairs)
      for (const [at, event] of eventsOf(pair).entries()) {
        count++
        const { fields, categories, service } = thorEvent(recordIn(pair, at), sigmaHq.thor)
        const { category, ...rest } = event.logsource
        expect(new Set([category ?? []].flat()), pair.file).toEqual(categories)
        expect(rest, pair.file).toEqual({ product: 'windows', service })
        expect(event.fields, pair.file).toMatchObject(fields)
      }
    expect(count).toBe(238)
  })

  test('every rule over every event: the same matches as a second reading of rules, events and routes', () => {
    const refused = new Set(loaded.problems.map(({ file }) => file))
    const second = sigmaHq.rules.filter(({ file }) => !refused.has(file)).map(({ text }) => secondReading(text))
    const [ours, theirs] = [[] as string[], [] as string[]]
    for (const pair of sigmaHq.pairs)
      for (const at of pair.records.keys()) {
        const place = placeOf(pair, at)
        ours.push(...(fired.get(place) ?? []).map((id) => `${id} ${place}`))
        const { fields, categories, service } = thorEvent(recordIn(pair, at), sigmaHq.thor)
        const source = { product: 'windows', category: [...categories], ...(service === undefined ? {} : { service }) }
        for (const { id, rule } of second)
          if (rule.isAbout(source) && rule.matches(fields)) theirs.push(`${id} ${place}`)
      }
    expect(ours.toSorted()).toEqual(theirs.toSorted())
    expect([ours.length, new Set(ours.map((match) => match.split(' ')[0])).size]).toEqual([352, 242])
  }, 60_000)

  function timesFired(pair: RegressionPair): number {
    return pair.records.filter((_, at) => fired.get(placeOf(pair, at))?.includes(pair.rule)).length
  }
})

const normalizer = openNormalizer({ pseudonyms: new Pseudonyms(Buffer.alloc(32, 1)) })

/** The events of a pair, through the normaliser and recognised by it. */
function eventsOf(pair: RegressionPair): readonly Event[] {
  return pair.records.flatMap((record, offset) => {
    const bytes = Buffer.from(record)
    const read = normalizer.normalize({ source: 'evtx', stream: pair.file, offset, bytes, receivedAt: Date.UTC(2027) })
    if ('refused' in read) throw new Error(`${pair.file}: ${read.refused.detail}`)
    return read.events
  })
}

function recordIn(pair: RegressionPair, at: number): Record<string, unknown> {
  return JSON.parse(pair.records[at] ?? '') as Record<string, unknown>
}

function placeOf(pair: RegressionPair, at: number): string {
  return `${pair.file}:${at}`
}

function secondReading(text: string): { readonly id: string; readonly rule: ReturnType<typeof naiveRuleOf> } {
  const document = parse(text, { stringKeys: true }) as { readonly id: string }
  return { id: document.id, rule: naiveRuleOf(document) }
}
