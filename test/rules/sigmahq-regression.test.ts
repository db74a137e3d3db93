import { beforeAll, describe, expect, test } from 'vitest'
import { loadRules } from '../../src/rules/load.ts'
import { haveSharedData } from '../support/shared-data.ts'
import { readSigmaHq, type SigmaHq } from '../support/sigmahq.ts'
import { thorEvent } from '../support/thor.ts'
import { eventsOf, firedOf, recordIn, timesFired } from './sigmahq-events.ts'

const BUDGET_MS = 60_000

/** All rules over all of these events, by two evaluators: test/fault/sigmahq-matrix.test.ts. */
describe.skipIf(!haveSharedData())('SigmaHQ’s own regression data (skipped without ../shared/data)', () => {
  let sigmaHq: SigmaHq

  beforeAll(() => {
    sigmaHq = readSigmaHq()
  }, BUDGET_MS)

  test(
    '202 of 202 rules fire on their own events, as often as SigmaHQ says',
    () => {
      const { pairs } = sigmaHq
      expect(pairs).toHaveLength(202)
      const wanted = new Set(pairs.map(({ rule }) => rule))
      const files = sigmaHq.rules.filter(({ text }) => wanted.has(/^id: (.+)$/m.exec(text)?.[1]?.trim() ?? ''))
      const loaded = loadRules([], { files })
      expect(loaded.problems).toEqual([])
      const fired = firedOf(pairs, loaded)
      const short = pairs.filter((pair) => timesFired(pair, fired) < pair.count)
      expect(short.map(({ file }) => file)).toEqual([])
    },
    BUDGET_MS,
  )

  test(
    'every one of the 238 events is routed as SigmaHQ’s table routes it, under the same names',
    () => {
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
    },
    BUDGET_MS,
  )
})
