import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Fields } from '../../src/contract/event.ts'
import { sharedData } from './shared-data.ts'
import { readTarGz } from './tar.ts'

export interface CorpusRule {
  readonly path: string
  readonly text: string
}

/** SigmaHQ's rules, of all folders, by path. */
export function corpusRules(): readonly CorpusRule[] {
  return [...readTarGz(sharedData('sigma', 'sigmahq-rules-8eaafff1.tar.gz'))]
    .filter(([path]) => path.startsWith('rules') && path.endsWith('.yml'))
    .map(([path, content]) => ({ path, text: content.toString() }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** The Windows events of SigmaHQ's regression data, as fields in a row. */
export function regressionEvents(): readonly Fields[] {
  return [...readTarGz(sharedData('sigma', 'sigmahq-regression-8eaafff1.tar.gz'))]
    .filter(([path]) => path.endsWith('.json'))
    .flatMap(([, content]) =>
      content
        .toString()
        .trim()
        .split(/\n(?=\{)/),
    )
    .map((text) => flat(JSON.parse(text)))
}

function flat(record: unknown): Fields {
  const { Event } = record as { Event: Record<string, Record<string, unknown> | null> }
  const users = Object.values(Event['UserData'] ?? {}).filter((value) => typeof value === 'object')
  const fields = Object.assign({}, Event['System'], Event['EventData'], ...users) as Fields
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.replaceAll(' ', ''), value]))
}

const LANES = ['cisco_syslog', 'correlation', 'mixed_schema', 'raw_windows', 'structured_windows', 'sysmon_file_event']

/** `count` events of each of the lanes, from evenly over the whole lane. */
export function laneEvents(count: number): readonly Fields[] {
  return LANES.flatMap((lane) => {
    const text = gunzipSync(readFileSync(sharedData('sigma', 'lanes', `${lane}.ndjson.gz`))).toString()
    const lines = text.trim().split('\n')
    const every = Math.floor(lines.length / count)
    return Array.from({ length: count }, (_, at): Fields => JSON.parse(lines[at * every] ?? '{}'))
  })
}
