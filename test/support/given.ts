import type { Given } from '../../src/contract/plugin.ts'
import { ManualClock } from '../../src/runtime/clock.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { MetricRegistry } from '../../src/runtime/metrics.ts'
import { seededRandom } from '../../src/runtime/random.ts'

export interface TestGiven extends Given {
  readonly clock: ManualClock
  readonly metrics: MetricRegistry
}

/** A world of its own for a plug-in under test: a clock that is moved by hand, seeded randomness, no log. */
export function given(name = 'under-test', now = Date.UTC(2026, 0, 5, 12)): TestGiven {
  return {
    name,
    clock: new ManualClock(now),
    random: seededRandom(42),
    log: silentLog,
    metrics: new MetricRegistry(),
  }
}
