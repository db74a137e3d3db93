import type { Logsource } from '../../../contract/event.ts'
import { logsource } from '../../shape/format.ts'

/**
 * Sigma's services and the channels that they are: SigmaHQ's `tests/thor.yml` (its regression runner's table, Detection Rule
 * License 1.1), and below it the channels that its rules name and the table leaves out, after Microsoft's names for them.
 */
const CHANNELS: Readonly<Record<string, readonly string[]>> = {
  application: ['Application'],
  security: ['Security'],
  system: ['System'],
  'powershell-classic': ['Windows PowerShell'],
  powershell: ['Microsoft-Windows-PowerShell/Operational', 'PowerShellCore/Operational'],
  'msexchange-management': ['MSExchange Management'],
  openssh: ['OpenSSH/Operational'],
  // The table says servicebus-client; the rules say this.
  'microsoft-servicebus-client': ['Microsoft-ServiceBus-Client/Admin', 'Microsoft-ServiceBus-Client/Operational'],
  'iis-configuration': ['Microsoft-IIS-Configuration/Operational'],
  ...below('Microsoft-Windows-', {
    ntlm: ['NTLM/Operational'],
    sysmon: ['Sysmon/Operational'],
    taskscheduler: ['TaskScheduler/Operational'],
    wmi: ['WMI-Activity/Operational'],
    dhcp: ['DHCP-Server/Operational'],
    'printservice-admin': ['PrintService/Admin'],
    'printservice-operational': ['PrintService/Operational'],
    'smbclient-security': ['SmbClient/Security'],
    'smbclient-connectivity': ['SmbClient/Connectivity'],
    'smbserver-connectivity': ['SMBServer/Connectivity'],
    'terminalservices-localsessionmanager': ['TerminalServices-LocalSessionManager/Operational'],
    'codeintegrity-operational': ['CodeIntegrity/Operational'],
    applocker: [
      'AppLocker/MSI and Script',
      'AppLocker/EXE and DLL',
      'AppLocker/Packaged app-Deployment',
      'AppLocker/Packaged app-Execution',
    ],
    windefend: ['Windows Defender/Operational'],
    'firewall-as': ['Windows Firewall With Advanced Security/Firewall'],
    'bits-client': ['Bits-Client/Operational'],
    'security-mitigations': ['Security-Mitigations/Kernel Mode', 'Security-Mitigations/User Mode'],
    'diagnosis-scripted': ['Diagnosis-Scripted/Operational'],
    'shell-core': ['Shell-Core/Operational'],
    ldap: ['LDAP-Client/Debug'],
    bitlocker: ['BitLocker/BitLocker Management'],
    vhdmp: ['VHDMP/Operational'],
    'appxdeployment-server': ['AppXDeploymentServer/Operational'],
    'lsa-server': ['LSA/Operational'],
    'appxpackaging-om': ['AppxPackaging/Operational'],
    'dns-client': ['DNS Client Events/Operational'],
    'appmodel-runtime': ['AppModel-Runtime/Admin'],
    capi2: ['CAPI2/Operational'],
    'certificateservicesclient-lifecycle-system': ['CertificateServicesClient-Lifecycle-System/Operational'],
    'kernel-shimengine': ['Kernel-ShimEngine/Operational', 'Kernel-ShimEngine/Diagnostic'],
    'application-experience': [
      'Application-Experience/Program-Telemetry',
      'Application-Experience/Program-Compatibility-Assistant',
    ],
    ntfs: ['Ntfs/Operational'],
    'hyper-v-worker': ['Hyper-V-Worker', 'Hyper-V-Worker-Admin'],
    'kernel-event-tracing': ['Kernel-EventTracing', 'Kernel-EventTracing/Admin'],
    sense: ['SENSE/Operational'],
    'dns-server-analytic': ['DNS-Server/Analytical', 'DNSServer/Analytical'],
    'driver-framework': ['DriverFrameworks-UserMode/Operational'],
  }),
  'dns-server': ['DNS Server', 'Microsoft-Windows-DNS-Server/Audit', 'Microsoft-Windows-DNSServer/Audit'],
}

/** By service and event id, the categories that the event is of (same source). */
const CATEGORIES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  sysmon: {
    1: 'process_creation',
    2: 'file_change',
    3: 'network_connection',
    4: 'sysmon_status',
    5: 'process_termination',
    6: 'driver_load',
    7: 'image_load',
    8: 'create_remote_thread',
    9: 'raw_access_thread',
    10: 'process_access',
    11: 'file_event',
    12: 'registry_event',
    13: 'registry_event registry_set',
    14: 'registry_event registry_rename',
    15: 'create_stream_hash',
    16: 'sysmon_status',
    17: 'pipe_created',
    18: 'pipe_created',
    19: 'wmi_event',
    20: 'wmi_event',
    21: 'wmi_event',
    22: 'dns_query',
    23: 'file_delete',
    24: 'clipboard_change',
    25: 'process_tampering',
    26: 'file_delete_detected',
    27: 'file_block_executable',
    28: 'file_block_shredding',
    29: 'file_executable_detected',
    255: 'sysmon_error',
  },
  security: { 4688: 'process_creation' },
  powershell: { 4103: 'ps_module', 4104: 'ps_script' },
  'powershell-classic': { 400: 'ps_classic_start', 600: 'ps_classic_provider_start', 800: 'ps_classic_script' },
  // Those with a threat's name or a path.
  windefend: Object.fromEntries(
    [1006, 1007, 1008, 1009, 1010, 1011, 1012, 1017, 1018, 1019, 1115, 1116].map((id) => [id, 'antivirus']),
  ),
}

/** Sysmon 12 says in its EventType what was done to the registry. */
const REGISTRY_12: Readonly<Record<string, string>> = {
  createkey: 'registry_event registry_add',
  deletekey: 'registry_event registry_delete',
  deletevalue: 'registry_event registry_delete',
}

interface Service {
  readonly logsource: Logsource
  readonly byId: ReadonlyMap<number, Logsource>
}

const WINDOWS = logsource('windows')
/** By channel, in lower case. */
const SERVICES = servicesByChannel()
const SYSMON_12 = new Map(Object.entries(REGISTRY_12).map(([type, words]) => [type, of('sysmon', words)]))

/** Where Sigma's rules look for an event of this channel, id and (of the registry) EventType. Always one of a few objects. */
export function windowsLogsource(channel: unknown, id: unknown, eventType: unknown): Logsource {
  if (typeof channel !== 'string') return WINDOWS
  const service = SERVICES.get(channel) ?? SERVICES.get(channel.toLowerCase())
  if (!service) return WINDOWS
  const found = typeof id === 'number' ? service.byId.get(id) : undefined
  if (found === undefined) return service.logsource
  if (id !== 12 || typeof eventType !== 'string') return found
  return SYSMON_12.get(eventType.toLowerCase()) ?? found
}

function servicesByChannel(): ReadonlyMap<string, Service> {
  const services = new Map<string, Service>()
  for (const [name, channels] of Object.entries(CHANNELS)) {
    const ids = Object.entries(CATEGORIES[name] ?? {})
    const byId = new Map(ids.map(([id, words]) => [Number(id), of(name, words)]))
    const service = { logsource: logsource('windows', name), byId }
    for (const channel of channels) services.set(channel, service).set(channel.toLowerCase(), service)
  }
  return services
}

function of(service: string, words: string): Logsource {
  const categories = words.split(' ')
  const [only] = categories
  const category = categories.length === 1 && only !== undefined ? only : Object.freeze(categories)
  return Object.freeze({ product: 'windows', service, category })
}

function below(
  prefix: string,
  channels: Readonly<Record<string, readonly string[]>>,
): Record<string, readonly string[]> {
  return Object.fromEntries(
    Object.entries(channels).map(([service, names]) => [service, names.map((name) => `${prefix}${name}`)]),
  )
}
