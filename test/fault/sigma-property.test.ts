import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { seededRandom } from '../../src/runtime/random.ts'
import { aimAt, Dice } from '../support/naive-sigma-aim.ts'
import { corpusRules, laneEvents, regressionEvents } from '../support/naive-sigma-corpus.ts'
import { anyRule } from '../support/naive-sigma-generate.ts'
import { Pairs, readBoth, type Both } from '../support/naive-sigma-pairs.ts'
import { haveSharedData } from '../support/shared-data.ts'

/** A failure names its seed. */
const SEED = Number(process.env['MODELWARD_SEED'] ?? 1)
/** How many rules are generated, in groups that are judged together, and how many events aim at each group. */
const GROUPS = Number(process.env['MODELWARD_GROUPS'] ?? 100)
const RULES = 100
const EVENTS = 100

const counted = { compared: 0, held: 0 }

function count({ compared, held }: Pairs): void {
  counted.compared += compared
  counted.held += held
}

function withSeed(seed: number, compare: (dice: Dice) => void): void {
  try {
    compare(new Dice(seededRandom(seed)))
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

describe.runIf(haveSharedData())('the indexed engine agrees with a naive reading of Sigma', () => {
  const corpus: Both[] = []

  beforeAll(() => {
    for (const { text } of corpusRules()) {
      // Two rules need lists for their placeholders.
      if (!/\|expand/.test(text)) corpus.push(readBoth(parse(text)))
    }
  })

  test('over all of SigmaHQ and events as they were recorded', () => {
    const pairs = new Pairs(corpus)
    for (const fields of [...regressionEvents(), ...laneEvents(10)]) pairs.compare({ fields })
    expect(pairs.compared).toBeGreaterThan(1_000_000)
    expect(pairs.held).toBeGreaterThan(200)
    count(pairs)
  })

  test('over all of SigmaHQ and events that aim at each rule', () => {
    const pairs = new Pairs(corpus)
    withSeed(SEED, (dice) => {
      for (const both of corpus)
        for (let round = 0; round < 3; round++) {
          const { detection, logsource } = both.document as { detection: unknown; logsource: object }
          const fields = aimAt(detection, dice)
          const others = Array.from({ length: 40 }, () => dice.pick(corpus))
          pairs.compare({ fields, ...(round === 0 ? { logsource } : {}) }, [both, ...others])
        }
    })
    expect(pairs.held).toBeGreaterThan(5_000)
    count(pairs)
  })

  test('over generated rules and events that aim at them', () => {
    let held = 0
    for (let seed = SEED; seed < SEED + GROUPS; seed++)
      withSeed(seed, (dice) => {
        const rules = Array.from({ length: RULES }, (_, number) => readBoth(anyRule(number, dice)))
        const pairs = new Pairs(rules)
        for (let number = 0; number < EVENTS; number++) {
          const aims = [dice.pick(rules), dice.pick(rules)].map(({ document }) => document as { detection: unknown })
          const fields = Object.assign({}, ...aims.map(({ detection }) => aimAt(detection, dice))) as object
          const ecs = dice.chance(0.3) ? { 'user.name': dice.pick(['ab', 'É', 'cmd.exe']) } : {}
          const logsource = dice.pick([
            { category: 'Inference' },
            { product: 'x', service: 's', category: ['y', 'inference'] },
          ])
          pairs.compare({ fields: { ...fields }, ecs, ...(dice.chance(0.2) ? { logsource } : {}) })
        }
        held += pairs.held
        count(pairs)
      })
    expect(held).toBeGreaterThan(GROUPS * RULES * EVENTS * 0.05)
  })

  test('over more than two million pairs in all, and enough in which the rule holds', () => {
    expect(counted.compared).toBeGreaterThan(2_000_000)
    expect(counted.held).toBeGreaterThan(100_000)
  })
})
