import { expect, test } from 'vitest'
import type { Detector } from '../../src/contract/detect.ts'
import type { Random } from '../../src/contract/plugin.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { cut, detectorConformance, pass } from './conformance.ts'
import { BatchToy, SeriesToy, WindowToy } from './kinds.ts'
import { traffic } from './traffic.ts'

// The contract has to carry detectors that this room does not have yet: windows answered together by a device, work done
// for a whole batch, series answered when their time has passed.
const kinds: Record<string, (name: string, cap: number) => Detector> = {
  'per-window': (name, cap) => new WindowToy(name, cap),
  'per-batch': (name, cap) => new BatchToy(name, cap),
  'per-series': (name, cap) => new SeriesToy(name, cap, 96),
}

for (const [name, make] of Object.entries(kinds))
  detectorConformance({
    name,
    open: async (cap = 100) => make(name, cap),
    events: (random, prefix) =>
      traffic(random, { principals: 12, hours: 30, perHour: 3, ...(prefix === undefined ? {} : { prefix }) }),
  })

test('the conformance test sees a detector that lets the cut of batches matter', async () => {
  class Careless extends BatchToy {
    #batch = 0
    override async prepare(...args: Parameters<BatchToy['prepare']>): Promise<void> {
      this.#batch++
      await super.prepare(...args)
    }
    override score(...args: Parameters<BatchToy['score']>) {
      return super.score(...args).map((score) => ({ ...score, part: String(this.#batch) }))
    }
  }
  const events = traffic(seededRandom(1), { principals: 3, hours: 5, perHour: 3 })
  const run = (random: Random, most: number) => pass(new Careless('careless', 10), cut(events, random, most))
  const [one, other] = [await run(seededRandom(1), 1), await run(seededRandom(1), 1_000)]
  expect(one.scores).not.toEqual(other.scores)
})
