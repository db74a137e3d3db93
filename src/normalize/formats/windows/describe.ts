import type { Fields } from '../../../contract/event.ts'
import type { EcsView } from '../../shape/ecs-view.ts'
import type { Tools } from '../../shape/format.ts'
import { firstText, textOf } from '../../shape/values.ts'
import { windowsTarget } from './actor.ts'
import { windowsLogsource } from './logsource.ts'

type Kind = readonly [category: string, types: readonly string[]]

/** Sigma's categories in ECS's words. */
const KINDS = new Map<string, Kind>([
  ['process_creation', ['process', ['start']]],
  ['process_termination', ['process', ['end']]],
  ['process_access', ['process', ['access']]],
  ['process_tampering', ['process', ['change']]],
  ['create_remote_thread', ['process', ['change']]],
  ['ps_module', ['process', ['info']]],
  ['ps_script', ['process', ['info']]],
  ['network_connection', ['network', ['connection', 'start']]],
  ['dns_query', ['network', ['protocol', 'info']]],
  ['file_event', ['file', ['creation']]],
  ['file_change', ['file', ['change']]],
  ['file_delete', ['file', ['deletion']]],
  ['file_delete_detected', ['file', ['deletion']]],
  ['create_stream_hash', ['file', ['creation']]],
  ['pipe_created', ['file', ['creation']]],
  ['registry_add', ['registry', ['creation']]],
  ['registry_set', ['registry', ['change']]],
  ['registry_delete', ['registry', ['deletion']]],
  ['registry_rename', ['registry', ['change']]],
  ['registry_event', ['registry', ['change']]],
  ['image_load', ['library', ['start']]],
  ['driver_load', ['driver', ['start']]],
  ['antivirus', ['malware', ['info']]],
])

/** Event ids of the Security channel, after Microsoft's reference of them. */
const SECURITY = new Map<number, Kind>([
  [4624, ['authentication', ['start']]],
  [4625, ['authentication', ['start']]],
  [4648, ['authentication', ['start']]],
  [4634, ['authentication', ['end']]],
  [4647, ['authentication', ['end']]],
  [4720, ['iam', ['user', 'creation']]],
  [4726, ['iam', ['user', 'deletion']]],
  [4738, ['iam', ['user', 'change']]],
  [4728, ['iam', ['group', 'change']]],
  [4732, ['iam', ['group', 'change']]],
  [4756, ['iam', ['group', 'change']]],
])
const OTHER: Kind = ['host', ['info']]

/** Neither command lines nor paths below a person's folder stand in the view. */
export function describeWindows(ecs: EcsView, fields: Fields, tools: Tools): void {
  const { service, category } = windowsLogsource(fields['Channel'], fields['EventID'], fields['EventType'])
  const narrowest = typeof category === 'string' ? category : category?.at(-1)
  const id = fields['EventID']
  const security = service === 'security' && typeof id === 'number' ? SECURITY.get(id) : undefined
  const [kind, types] = security ?? KINDS.get(narrowest ?? '') ?? OTHER
  ecs.event(kind, types, narrowest ?? `${service ?? 'event'} ${String(id)}`, outcomeOf(fields))
  ecs.dataset(`windows.${service ?? 'event'}`, fields['Provider_Name'])
  ecs.word('host.name', fields['Computer'])
  ecs.word('modelward.record.id', fields['EventRecordID'])
  ecs.source(firstText(fields['SourceIp'], fields['IpAddress']))
  ecs.word('destination.address', fields['DestinationIp'])
  const image = firstText(fields['Image'], fields['NewProcessName'], fields['ProcessName'])
  ecs.word('process.executable', image?.replace(HOME, '$1*'))
  ecs.word('process.name', image?.slice(image.lastIndexOf('\\') + 1))
  const target = windowsTarget(fields)
  if (target) ecs.word('user.target.name', tools.pseudonyms.of(target.kind, target.identity))
}

/** `C:\Users\ann` */
const HOME = /(\\(?:users|documents and settings)\\)[^\\]+/i

/** The audit bits of `Keywords`, or the words for them. Only the Security channel says. */
function outcomeOf(fields: Fields): boolean | undefined {
  const written = fields['Keywords']
  const keywords = textOf(Array.isArray(written) ? written[0] : written)?.toLowerCase()
  if (keywords === undefined) return undefined
  if (keywords === 'audit success' || keywords.startsWith('0x802')) return true
  return keywords === 'audit failure' || keywords.startsWith('0x801') ? false : undefined
}
