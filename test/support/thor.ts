import type { ThorSource } from './sigmahq.ts'

type Record_ = Readonly<Record<string, unknown>>

/** A Windows event read the plain way, straight from SigmaHQ's table: the second reading that the format is held against. */
export interface ThorEvent {
  readonly fields: Record_
  readonly categories: ReadonlySet<string>
  readonly service: string | undefined
}

/** An event as evtx_dump writes it, with its names and its log source after `thor.yml`. */
export function thorEvent(record: Record_, table: readonly ThorSource[]): ThorEvent {
  const event = mapOf(record['Event'])
  const system = mapOf(event['System'])
  const fields: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(system)) {
    if (typeof value !== 'object') fields[name] = value
    for (const [attribute, text] of Object.entries(mapOf(mapOf(value)['#attributes'])))
      fields[`${name}_${attribute}`] = text
  }
  const wrapped = Object.values(mapOf(event['UserData'])).map(mapOf)
  for (const [name, value] of [mapOf(event['EventData']), ...wrapped].flatMap((data) => Object.entries(data)))
    if (name !== '#attributes') fields[name.replaceAll(' ', '')] = value
  const service = table.find((one) => one.sources?.includes(`WinEventLog:${String(system['Channel'])}`))?.service
  const kinds = table.filter(
    (one) => one.conditions && one.rewrite?.service === service && holds(one.conditions, fields),
  )
  for (const [sigma, windows] of kinds.flatMap((one) => Object.entries(one.fieldmappings ?? {})))
    if (windows in fields) fields[sigma] = fields[windows]
  return { fields, service, categories: new Set(kinds.map((one) => String(one.category))) }
}

function holds(conditions: Record_, fields: Record_): boolean {
  return Object.entries(conditions).every(([name, value]) => [value].flat().includes(fields[name]))
}

function mapOf(value: unknown): Record_ {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record_) : {}
}
