import type { Fields, Logsource } from '../../contract/event.ts'
import { type Draft, type Format, sealedPaths } from '../shape/format.ts'
import { timeOf } from '../shape/time.ts'
import { recordOf } from '../shape/values.ts'
import { IDENTITY_FIELDS, windowsActor } from './windows/actor.ts'
import { describeWindows } from './windows/describe.ts'
import { windowsFields } from './windows/fields.ts'
import { windowsLogsource } from './windows/logsource.ts'

/** Events of Windows and of Sysmon, whoever made JSON of them. */
export const windowsEvent: Format = {
  name: 'windows-event',
  summary: 'Windows and Sysmon events: evtx_dump, Winlogbeat, or flat with Channel and EventID',
  recognises(fields) {
    const event = recordOf(fields['Event'])
    if (event || recordOf(fields['System'])) return 'EventID' in (recordOf((event ?? fields)['System']) ?? NOTHING)
    const winlog = recordOf(fields['winlog'])
    if (winlog) return typeof winlog['channel'] === 'string'
    return 'EventID' in fields && typeof fields['Channel'] === 'string'
  },
  toEvents: (fields) => [windowsDraft(windowsFields(fields))],
  example: {
    Event: {
      '#attributes': { xmlns: 'http://schemas.microsoft.com/win/2004/08/events/event' },
      System: {
        Provider: {
          '#attributes': { Name: 'Microsoft-Windows-Sysmon', Guid: '5770385F-C22A-43E0-BF4C-06F5698FFBD9' },
        },
        EventID: 1,
        Version: 5,
        Level: 4,
        Task: 1,
        Opcode: 0,
        Keywords: '0x8000000000000000',
        TimeCreated: { '#attributes': { SystemTime: '2026-01-05T12:00:00.123456Z' } },
        EventRecordID: 571146,
        Correlation: null,
        Execution: { '#attributes': { ProcessID: 3544, ThreadID: 4272 } },
        Channel: 'Microsoft-Windows-Sysmon/Operational',
        Computer: 'trainer-3.example.com',
        Security: { '#attributes': { UserID: 'S-1-5-18' } },
      },
      EventData: {
        RuleName: '-',
        UtcTime: '2026-01-05 12:00:00.120',
        ProcessId: 4460,
        Image: 'C:\\Windows\\System32\\certutil.exe',
        CommandLine: 'certutil.exe -urlcache -f http://203.0.113.9/m.safetensors m.safetensors',
        User: 'EXAMPLE\\ann',
        ParentImage: 'C:\\Windows\\System32\\cmd.exe',
        Hashes: 'IMPHASH=C324AAAC01F0F75C811E1F80C41B860C',
      },
    },
  },
  docs: 'Winlogbeat or Elastic Agent with a file or HTTP output; NXLog with to_json(); or `evtx_dump -o json FILE.evtx` for files.',
}

const NOTHING = Object.freeze({})
const SEALED = sealedPaths(IDENTITY_FIELDS)

/** The names under which rules of a category look for what these events call otherwise (same source as the log sources). */
const NAMES: Readonly<Record<string, readonly (readonly [sigma: string, windows: string])[]>> = {
  process_creation: [
    ['Image', 'NewProcessName'],
    ['ParentImage', 'ParentProcessName'],
  ],
  antivirus: [
    ['Signature', 'ThreatName'],
    ['Filename', 'Path'],
  ],
}

function windowsDraft(fields: Record<string, unknown>): Draft {
  const logsource = windowsLogsource(fields['Channel'], fields['EventID'], fields['EventType'])
  nameForRules(fields, logsource)
  return {
    at: timeIn(fields),
    logsource,
    fields,
    sealed: SEALED,
    principal: windowsActor(fields),
    describe: describeWindows,
  }
}

function nameForRules(fields: Record<string, unknown>, { category }: Logsource): void {
  if (typeof category !== 'string') return
  for (const [sigma, windows] of NAMES[category] ?? [])
    if (fields[sigma] === undefined && fields[windows] !== undefined) fields[sigma] = fields[windows]
}

const TIMES = ['TimeCreated_SystemTime', 'UtcTime', '@timestamp', 'TimeCreated', 'EventTime']

function timeIn(fields: Fields): number | undefined {
  for (const name of TIMES) {
    const written = fields[name]
    // Some versions of evtx_dump write the zone as a word.
    const time = timeOf(typeof written === 'string' ? written.replace(' UTC', 'Z') : written)
    if (time !== undefined) return time
  }
  return undefined
}
