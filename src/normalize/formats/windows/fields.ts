import type { Fields } from '../../../contract/event.ts'
import { isRecord, listOf, numberOf, recordOf } from '../../shape/values.ts'

/** What routing goes by: no event's own data may stand in its place. */
const OF_THE_SYSTEM = new Set(['EventID', 'Channel', 'Computer', 'Provider_Name'])

/**
 * A Windows event in any of its shapes -> its fields as Sigma's rules name them, flat: what `EventData` and `UserData` hold,
 * and of `System` the elements (`Channel`) and their attributes (`Provider_Name`). Names lose their spaces, as SigmaHQ's own
 * checker has it. `EventID` is a number where it is one.
 */
export function windowsFields(record: Fields): Record<string, unknown> {
  const winlog = recordOf(record['winlog'])
  const fields: Record<string, unknown> = {}
  if (winlog) {
    fromWinlogbeat(record, winlog, fields)
  } else {
    const event = recordOf(record['Event']) ?? record
    const system = recordOf(event['System'])
    if (system) elementsInto(fields, system)
    else fromFlat(event, fields)
    if (isRecord(event['EventData'])) dataInto(fields, event['EventData'])
    for (const part of Object.values(recordOf(event['UserData']) ?? {})) if (isRecord(part)) dataInto(fields, part)
  }
  fields['EventID'] = idOf(fields['EventID'])
  return fields
}

/** The id of an event: a number, digits, or an element with attributes; what is none of these stays as it is. */
function idOf(value: unknown): unknown {
  const written = isRecord(value) ? (value['#text'] ?? value['Value']) : value
  return numberOf(written) ?? written
}

/** XML elements: `{"TimeCreated": {"#attributes": {"SystemTime": …}}}`, or the attributes beside it in `TimeCreated_attributes`. */
function elementsInto(fields: Record<string, unknown>, elements: Fields): void {
  for (const name of Object.keys(elements)) {
    const value = elements[name]
    if (!isRecord(value)) {
      if (value !== null) fields[name] = value
      continue
    }
    const apart = name.endsWith(ATTRIBUTES)
    const element = apart ? name.slice(0, -ATTRIBUTES.length) : name
    const attributes = apart ? value : (recordOf(value['#attributes']) ?? value)
    for (const attribute of Object.keys(attributes))
      if (attribute !== '#text' && attribute !== 'Value') fields[`${element}_${attribute}`] = attributes[attribute]
    if ('#text' in value || 'Value' in value) fields[name] = value['#text'] ?? value['Value']
  }
}

const ATTRIBUTES = '_attributes'

function dataInto(fields: Record<string, unknown>, data: Fields): void {
  for (const name of Object.keys(data)) {
    if (name === '#attributes') continue
    const value = data[name]
    if (name === 'Data') unnamedInto(fields, isRecord(value) ? (value['#text'] ?? value) : value)
    else put(fields, name, isRecord(value) && '#text' in value ? value['#text'] : value)
  }
}

/** `<Data>` without names is a list; with names it comes as a list of elements from those who translate XML word by word. */
function unnamedInto(fields: Record<string, unknown>, value: unknown): void {
  const items = Array.isArray(value) ? listOf(value) : [value]
  const unnamed: unknown[] = []
  for (const item of items) {
    const name = isRecord(item) ? (item['@Name'] ?? item['Name'] ?? recordOf(item['#attributes'])?.['Name']) : undefined
    if (isRecord(item) && typeof name === 'string') put(fields, name, item['#text'] ?? item['Value'] ?? null)
    else unnamed.push(item)
  }
  if (unnamed.length > 0) fields['Data'] = unnamed.length === 1 ? unnamed[0] : unnamed
}

/** Winlogbeat's and Elastic Agent's `winlog.*`, without the names that they add to it. */
function fromWinlogbeat(record: Fields, winlog: Fields, fields: Record<string, unknown>): void {
  for (const [sigma, elastic] of WINLOG) if (winlog[elastic] !== undefined) fields[sigma] = winlog[elastic]
  fields['EventID'] ??= recordOf(record['event'])?.['code']
  fields['TimeCreated_SystemTime'] = record['@timestamp']
  const sid = recordOf(winlog['user'])?.['identifier']
  if (sid !== undefined) fields['Security_UserID'] = sid
  const data = recordOf(winlog['event_data'])
  for (const part of [data, recordOf(winlog['user_data'])]) if (part) dataInto(fields, part)
  // Data without names: `param1`, `param2`, …
  if (data && 'param1' in data && !('Data' in fields))
    fields['Data'] = Object.keys(data)
      .filter((name) => /^param\d+$/.test(name))
      .map((name) => data[name])
}

const WINLOG = [
  ['Channel', 'channel'],
  ['EventID', 'event_id'],
  ['Provider_Name', 'provider_name'],
  ['Provider_Guid', 'provider_guid'],
  ['Computer', 'computer_name'],
  ['EventRecordID', 'record_id'],
  ['Keywords', 'keywords'],
  ['Level', 'level'],
  ['Opcode', 'opcode'],
  ['Task', 'task'],
  ['Version', 'version'],
] as const

/** One object with `Channel` and `EventID` among the data, as NXLog and published data sets write it. */
function fromFlat(record: Fields, fields: Record<string, unknown>): void {
  for (const name of Object.keys(record)) if (!PARTS.has(name)) put(fields, name, record[name])
  if (fields['Computer'] === undefined && 'Hostname' in fields) fields['Computer'] = fields['Hostname']
  if (fields['Provider_Name'] === undefined && 'SourceName' in fields) fields['Provider_Name'] = fields['SourceName']
}

const PARTS = new Set(['EventData', 'UserData'])

function put(fields: Record<string, unknown>, written: string, value: unknown): void {
  const bare = written.includes(' ') ? written.replaceAll(' ', '') : written
  // A name that became dangerous by losing its spaces goes the way of those that always were.
  const name = bare === '__proto__' ? '(__proto__)' : bare
  if (!OF_THE_SYSTEM.has(name) || !(name in fields)) fields[name] = value
}
