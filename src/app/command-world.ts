import { systemClock } from '../runtime/clock.ts'
import { openLog, type LogLevel } from '../runtime/log.ts'
import { MetricRegistry } from '../runtime/metrics.ts'
import { openFailpoints } from '../runtime/failpoint.ts'
import { systemRandom } from '../runtime/random.ts'
import { version } from './version.ts'
import type { World } from './wiring.ts'

/** The world as it is: real time, real chance, the log on standard error. */
export function commandWorld(level: LogLevel = 'warn'): World {
  return {
    version,
    clock: systemClock,
    random: systemRandom,
    log: openLog(level),
    metrics: new MetricRegistry(),
    failpoint: openFailpoints(process.env['MODELWARD_FAILPOINT']),
  }
}
