import { type Format, sealedPaths } from '../shape/format.ts'
import { timeOf } from '../shape/time.ts'

/** Any JSON object, as it is: only where the config names it. What it means must be said by a mapping, or by rules. */
export const json: Format = {
  name: 'json',
  summary: 'any JSON object, its fields as they are; used only when it is named',
  recognises: () => false,
  toEvents: (fields) => [
    {
      at: TIMES.map((name) => timeOf(fields[name])).find((time) => time !== undefined),
      logsource: ANY,
      fields,
      // Nobody has said what names a person here: nothing of it enters the ECS view.
      sealed: NOTHING,
      describe: (ecs) => {
        ecs.event('api', ['info'], undefined, undefined)
        ecs.dataset('modelward.json', undefined)
      },
    },
  ],
  example: { '@timestamp': '2026-01-05T12:00:00Z', message: 'anything' },
}

const TIMES = ['@timestamp', 'timestamp', 'time', 'ts', 'eventTime', 'UtcTime', 'date']
const ANY = Object.freeze({})
const NOTHING = sealedPaths([])
