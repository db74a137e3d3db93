import { describe, expect, test } from 'vitest'
import { formats } from '../../../src/normalize/index.ts'
import { eventOf, pseudonym } from '../support/read.ts'
import { sample } from '../support/samples.ts'

const SYSMON = 'Microsoft-Windows-Sysmon/Operational'

/** An event as evtx_dump writes it. */
function evtx(channel: string, id: unknown, data: object | null = {}, system: object = {}): Record<string, unknown> {
  return { Event: { System: { EventID: id, Channel: channel, ...system }, EventData: data } }
}

describe('Windows events', () => {
  test.each([
    [SYSMON, 1, {}, 'sysmon', 'process_creation'],
    [SYSMON, 11, {}, 'sysmon', 'file_event'],
    [SYSMON, 12, {}, 'sysmon', 'registry_event'],
    [SYSMON, 12, { EventType: 'CreateKey' }, 'sysmon', ['registry_event', 'registry_add']],
    [SYSMON, 12, { EventType: 'DeleteKey' }, 'sysmon', ['registry_event', 'registry_delete']],
    [SYSMON, 12, { EventType: 'DeleteValue' }, 'sysmon', ['registry_event', 'registry_delete']],
    [SYSMON, 13, { EventType: 'SetValue' }, 'sysmon', ['registry_event', 'registry_set']],
    [SYSMON, 14, {}, 'sysmon', ['registry_event', 'registry_rename']],
    [SYSMON, 255, {}, 'sysmon', 'sysmon_error'],
    ['Security', 4688, {}, 'security', 'process_creation'],
    ['Security', 1, {}, 'security', undefined],
    ['Microsoft-Windows-PowerShell/Operational', 4104, {}, 'powershell', 'ps_script'],
    ['PowerShellCore/Operational', 4103, {}, 'powershell', 'ps_module'],
    ['Windows PowerShell', 400, {}, 'powershell-classic', 'ps_classic_start'],
    ['Microsoft-Windows-Windows Defender/Operational', 1116, {}, 'windefend', 'antivirus'],
    ['microsoft-windows-applocker/exe and dll', 8004, {}, 'applocker', undefined],
  ])('%s %i %j is service %s, category %j', (channel, id, data, service, category) => {
    const { logsource } = eventOf(evtx(channel, id, data))
    expect(logsource).toEqual({ product: 'windows', service, ...(category === undefined ? {} : { category }) })
    expect(Object.isFrozen(logsource)).toBe(true)
    expect(eventOf(evtx(channel, id, data)).logsource).toBe(logsource)
  })

  test('a channel that no rule knows is Windows all the same', () => {
    expect(eventOf(evtx('Contoso/Operational', 1)).logsource).toEqual({ product: 'windows' })
  })

  test.each([
    ['a number', 4701],
    ['text', '4701'],
    ['an element with attributes', { '#attributes': { Qualifiers: 0 }, '#text': 4701 }],
    ['Velociraptor’s', { Value: 4701 }],
  ])('an id may be %s', (_, id) => {
    expect(eventOf(evtx('Security', id)).fields['EventID']).toBe(4701)
  })

  test('fields are flat, as rules name them', () => {
    const system = { Provider: { '#attributes': { Name: 'P' } }, Correlation: null, Computer: 'ws', Level: 4 }
    const { fields } = eventOf(evtx('Security', 4648, { 'Threat Name': 'x', ProcessId: 7 }, system))
    expect(fields).toEqual({
      EventID: 4648,
      Channel: 'Security',
      Provider_Name: 'P',
      Computer: 'ws',
      Level: 4,
      ThreatName: 'x',
      ProcessId: 7,
    })
  })

  test('attributes may stand beside their element', () => {
    const { fields } = eventOf(evtx('Security', 1, {}, { Provider_attributes: { Name: 'P', Guid: 'g' } }))
    expect(fields).toMatchObject({ Provider_Name: 'P', Provider_Guid: 'g' })
  })

  test.each([
    ['text', 'a', 'a'],
    ['several', { '#text': ['a', 'b'] }, ['a', 'b']],
    ['a list', ['a', 'b'], ['a', 'b']],
  ])('data without names: %s', (_, Data, read) => {
    expect(eventOf(evtx('Application', 1, { Data })).fields['Data']).toEqual(read)
  })

  test('data as a list of named elements is read by name', () => {
    const Data = [
      { '#attributes': { Name: 'Image' }, '#text': 'a.exe' },
      { '@Name': 'User', '#text': 'b' },
    ]
    expect(eventOf(evtx(SYSMON, 1, { Data })).fields).toMatchObject({ Image: 'a.exe', User: 'b' })
  })

  test('user data is read below its one element', () => {
    const record = evtx('Microsoft-Windows-WMI-Activity/Operational', 5858, null)
    const UserData = { Operation_ClientFailure: { '#attributes': { xmlns: 'x' }, Operation: 'Start' } }
    const { fields } = eventOf({ Event: { ...(record['Event'] as object), UserData } })
    expect(fields).toMatchObject({ Operation: 'Start' })
    expect(fields).not.toHaveProperty('xmlns')
  })

  test('no data takes the place of what an event is routed by', () => {
    const data = { 'Event ID': 1, Channel: SYSMON, Computer: 'other', Provider_Name: 'other', Level: 9 }
    const system = { Computer: 'ws', Provider: { '#attributes': { Name: 'P' } }, Level: 4 }
    const event = eventOf(evtx('Security', 4701, data, system))
    expect(event.fields).toMatchObject({ EventID: 4701, Channel: 'Security', Computer: 'ws', Provider_Name: 'P' })
    expect(event.fields['Level']).toBe(9)
    expect(event.logsource.service).toBe('security')
  })

  test('a name that is dangerous without its spaces reaches no prototype', () => {
    const record = `{"Event":{"System":{"EventID":1,"Channel":"Security"},"EventData":{"__pro to__":{"polluted":1}}}}`
    const { fields } = eventOf(record)
    expect(Object.getPrototypeOf(fields)).toBe(Object.prototype)
    expect(fields).toHaveProperty(['(__proto__)'])
    expect(fields['polluted']).toBeUndefined()
  })

  test('a process that the Security channel saw start has the names of Sysmon too', () => {
    const data = { NewProcessName: 'C:\\a.exe', ParentProcessName: 'C:\\b.exe' }
    expect(eventOf(evtx('Security', 4688, data)).fields).toMatchObject({ Image: 'C:\\a.exe', ParentImage: 'C:\\b.exe' })
    expect(eventOf(evtx('Security', 4689, data)).fields).not.toHaveProperty('Image')
  })

  test('a threat that Defender found has the names of rules on virus scanners', () => {
    const data = { 'Threat Name': 'HackTool', Path: 'file:_C:\\x' }
    const event = eventOf(evtx('Microsoft-Windows-Windows Defender/Operational', 1116, data))
    expect(event.fields).toMatchObject({ Signature: 'HackTool', Filename: 'file:_C:\\x' })
  })

  test.each([
    ['2026-01-05T12:00:00.1234567Z', Date.UTC(2026, 0, 5, 12, 0, 0, 123)],
    ['2026-01-05 12:00:00.123 UTC', Date.UTC(2026, 0, 5, 12, 0, 0, 123)],
  ])('it happened at %s', (SystemTime, at) => {
    expect(eventOf(evtx('Security', 1, {}, { TimeCreated: { '#attributes': { SystemTime } } })).at).toBe(at)
  })
})

describe('other shapes of Windows events', () => {
  test('Winlogbeat’s', () => {
    const event = eventOf({
      '@timestamp': '2026-01-05T12:00:00.120Z',
      event: { code: '1', provider: 'Microsoft-Windows-Sysmon' },
      winlog: {
        channel: SYSMON,
        event_id: '1',
        provider_name: 'Microsoft-Windows-Sysmon',
        computer_name: 'ws',
        event_data: { Image: 'C:\\a.exe', User: 'CORP\\ann' },
      },
    })
    expect(event).toMatchObject({
      format: 'windows-event',
      at: Date.UTC(2026, 0, 5, 12, 0, 0, 120),
      logsource: { product: 'windows', service: 'sysmon', category: 'process_creation' },
      fields: { EventID: 1, Channel: SYSMON, Computer: 'ws', Image: 'C:\\a.exe' },
      principal: pseudonym('user', 'corp\\ann'),
    })
  })

  test('Winlogbeat’s data without names', () => {
    const winlog = { channel: 'Windows PowerShell', event_id: 400, event_data: { param1: 'a', param2: 'b' } }
    expect(eventOf({ winlog }).fields['Data']).toEqual(['a', 'b'])
  })

  test('flat', () => {
    const record = {
      EventID: '13',
      Channel: SYSMON,
      EventType: 'SetValue',
      Hostname: 'ws',
      SourceName: 'P',
      'Target Object': 'HKLM',
    }
    expect(eventOf(record)).toMatchObject({
      logsource: { category: ['registry_event', 'registry_set'] },
      fields: { EventID: 13, Computer: 'ws', Provider_Name: 'P', TargetObject: 'HKLM' },
    })
  })

  test('System and EventData at the top', () => {
    const record = { System: { EventID: { Value: 1 }, Channel: SYSMON }, EventData: { Image: 'a' } }
    expect(eventOf(record)).toMatchObject({ format: 'windows-event', fields: { EventID: 1, Image: 'a' } })
  })

  test.each([{ Event: { a: 1 } }, { EventID: 1 }, { Channel: 'Security' }, { winlog: {} }, { System: {} }])(
    '%j is none',
    (record) => {
      expect(formats.filter((format) => format.recognises(record))).toEqual([])
    },
  )
})

describe('who acted', () => {
  test.each([
    [SYSMON, 1, { User: 'CORP\\Ann' }, 'user', 'corp\\ann'],
    [SYSMON, 1, { User: 'NT AUTHORITY\\SYSTEM' }, 'service', 'nt authority\\system'],
    [
      'Security',
      4720,
      { SubjectUserName: 'Ann', SubjectDomainName: 'CORP', TargetUserName: 'new' },
      'user',
      'corp\\ann',
    ],
    [
      'Security',
      4624,
      { SubjectUserName: 'WS$', TargetUserName: 'ann', TargetDomainName: 'CORP' },
      'user',
      'corp\\ann',
    ],
    ['Security', 4688, { SubjectUserName: 'WS$', SubjectDomainName: 'CORP' }, 'service', 'corp\\ws$'],
    ['Security', 4688, { SubjectUserName: 'Système', SubjectUserSid: 'S-1-5-18' }, 'service', 'système'],
  ] as const)('in %s %i %j: %s %s', (channel, id, data, kind, identity) => {
    const event = eventOf(evtx(channel, id, data))
    expect(event.principal).toBe(pseudonym(kind, identity))
  })

  test('is whose security id a channel without names writes, but never Sysmon’s own', () => {
    const system = (Name: string): object => ({
      Security: { '#attributes': { UserID: 'S-1-5-21-7' } },
      Provider: { '#attributes': { Name } },
    })
    const script = evtx('Microsoft-Windows-PowerShell/Operational', 4104, {}, system('Microsoft-Windows-PowerShell'))
    expect(eventOf(script).principal).toBe(pseudonym('user', 'S-1-5-21-7'))
    expect(eventOf(evtx(SYSMON, 16, {}, system('Microsoft-Windows-Sysmon'))).principal).toBeUndefined()
  })

  test('and whom it was about are sealed, and stand in the view as pseudonyms', () => {
    const data = { SubjectUserName: 'Ann', SubjectDomainName: 'CORP', TargetUserName: 'bob', TargetDomainName: 'CORP' }
    const event = eventOf(evtx('Security', 4726, data, { Keywords: '0x8020000000000000' }))
    expect(event.sealed.identity).toEqual(expect.arrayContaining(['User', 'SubjectUserName', 'TargetUserName']))
    expect(event.ecs).toMatchObject({
      'event.category': ['iam'],
      'event.outcome': 'success',
      'user.target.name': pseudonym('user', 'corp\\bob'),
    })
    expect(JSON.stringify(event.ecs).toLowerCase()).not.toMatch(/ann|bob/)
  })
})

describe('the view of a Windows event', () => {
  test('holds no command line and no person’s folder', () => {
    const record = structuredClone(sample('windows-event')) as { Event: { EventData: Record<string, unknown> } }
    Object.assign(record.Event.EventData, { Image: 'C:\\Users\\ann\\x.exe', CommandLine: 'x.exe --password hunter2' })
    const { ecs } = eventOf(record)
    expect(ecs).toMatchObject({ 'process.executable': 'C:\\Users\\*\\x.exe', 'process.name': 'x.exe' })
    expect(JSON.stringify(ecs)).not.toMatch(/ann|hunter2/)
  })

  test.each([
    ['0x8010000000000000', 'failure'],
    ['0x8020000000000000', 'success'],
    ['0x8000000000000000', 'unknown'],
    [['Audit Failure'], 'failure'],
  ])('of keywords %j: %s', (Keywords, outcome) => {
    expect(eventOf(evtx('Security', 4625, {}, { Keywords })).ecs['event.outcome']).toBe(outcome)
  })
})
