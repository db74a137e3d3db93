import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadRules } from '../../src/rules/load.ts'
import { firedOf, placeOf, recordIn, timesFired } from '../rules/sigmahq-events.ts'
import { naiveRuleOf } from '../support/naive-sigma.ts'
import { haveSharedData } from '../support/shared-data.ts'
import { readSigmaHq, type SigmaHq } from '../support/sigmahq.ts'
import { thorEvent } from '../support/thor.ts'

/** Rules that ask for a list that SigmaHQ leaves to its users. */
const NEED_A_LIST = [
  'win_security_adcs_certighost_cdc_chase_request.yml',
  'win_security_adcs_certighost_cert_issued_via_chase.yml',
]
/** Some 10 s alone, several times that on a machine that does other work. */
const BUDGET_MS = 600_000

describe.skipIf(!haveSharedData())('all of SigmaHQ’s rules (skipped without ../shared/data)', () => {
  let sigmaHq: SigmaHq
  let loaded: ReturnType<typeof loadRules>
  let fired: ReadonlyMap<string, readonly string[]>

  beforeAll(() => {
    sigmaHq = readSigmaHq()
    loaded = loadRules([], { files: sigmaHq.rules })
    fired = firedOf(sigmaHq.pairs, loaded)
  }, BUDGET_MS)

  test('3,757 load, but two that need a list of the user’s', () => {
    expect(sigmaHq.rules).toHaveLength(3_757)
    const refused = [...new Set(loaded.problems.map(({ file }) => file.slice(file.lastIndexOf('/') + 1)))]
    expect(refused.toSorted()).toEqual(NEED_A_LIST)
    expect(new Set(loaded.problems.map(({ what }) => what.includes('%known_cdcs%')))).toEqual(new Set([true]))
    expect(loaded.rules).toHaveLength(3_757 - NEED_A_LIST.length)
  })

  test('202 of 202 regression pairs fire among all others', () => {
    const short = sigmaHq.pairs.filter((pair) => timesFired(pair, fired) < pair.count)
    expect([sigmaHq.pairs.length, short.map(({ file }) => file)]).toEqual([202, []])
  })

  test(
    'every rule over every event: the same matches as a second reading of rules, events and routes',
    () => {
      const refused = new Set(loaded.problems.map(({ file }) => file))
      const second = sigmaHq.rules.filter(({ file }) => !refused.has(file)).map(({ text }) => secondReading(text))
      const [ours, theirs] = [[] as string[], [] as string[]]
      for (const pair of sigmaHq.pairs)
        for (const at of pair.records.keys()) {
          const place = placeOf(pair, at)
          ours.push(...(fired.get(place) ?? []).map((id) => `${id} ${place}`))
          const { fields, categories, service } = thorEvent(recordIn(pair, at), sigmaHq.thor)
          const known = service === undefined ? {} : { service }
          const source = { product: 'windows', category: [...categories], ...known }
          for (const { id, rule } of second)
            if (rule.isAbout(source) && rule.matches(fields)) theirs.push(`${id} ${place}`)
        }
      expect(ours.toSorted()).toEqual(theirs.toSorted())
      expect([ours.length, new Set(ours.map((match) => match.split(' ')[0])).size]).toEqual([352, 242])
    },
    BUDGET_MS,
  )
})

function secondReading(text: string): { readonly id: string; readonly rule: ReturnType<typeof naiveRuleOf> } {
  const document = parse(text, { stringKeys: true }) as { readonly id: string }
  return { id: document.id, rule: naiveRuleOf(document) }
}
