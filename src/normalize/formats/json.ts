import type { Fields, Logsource } from '../../contract/event.ts'
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
      logsource: logsourceIn(fields),
      fields,
      // Nobody has said what names a person here: nothing of it enters the ECS view.
      sealed: NOTHING,
      describe: (ecs) => {
        ecs.event('api', ['info'], undefined, undefined)
        ecs.dataset('modelward.json', undefined)
      },
    },
  ],
  example: { '@timestamp': '2026-01-05T12:00:00Z', product: 'gateway', category: 'webserver', message: 'anything' },
  docs: 'A record may say what Sigma rules look at it: `product`, `category` and `service` as text at its top.',
}

const TIMES = ['@timestamp', 'timestamp', 'time', 'ts', 'eventTime', 'UtcTime', 'date']
const NOTHING = sealedPaths([])

/** Log sources held, so that equal ones are one object. One more makes the oldest go: its next event gets a new object. */
export const MOST_LOGSOURCES = 500
/** Longer words name no log source: no rule has them. */
export const LONGEST_WORD = 64

const ANY: Logsource = Object.freeze({})
const held = new Map<string, Logsource>()

/** The log source that a record names in its own `product`, `category` and `service`, each left out when it is no word. */
function logsourceIn(fields: Fields): Logsource {
  const [product, category, service] = [
    wordIn(fields, 'product'),
    wordIn(fields, 'category'),
    wordIn(fields, 'service'),
  ]
  if (product === undefined && category === undefined && service === undefined) return ANY
  const key = `${product ?? ''}\n${category ?? ''}\n${service ?? ''}`
  const known = held.get(key)
  if (known) return known
  const made = Object.freeze({
    ...(product === undefined ? {} : { product }),
    ...(category === undefined ? {} : { category }),
    ...(service === undefined ? {} : { service }),
  })
  const [oldest] = held.keys()
  if (held.size >= MOST_LOGSOURCES && oldest !== undefined) held.delete(oldest)
  held.set(key, made)
  return made
}

function wordIn(fields: Fields, name: string): string | undefined {
  if (!Object.hasOwn(fields, name)) return undefined
  const word = fields[name]
  return typeof word === 'string' && word !== '' && word.length <= LONGEST_WORD && !word.includes('\n')
    ? word
    : undefined
}
