import type { Fields } from '../../../contract/event.ts'
import type { Identity } from '../../principal/pseudonyms.ts'
import { textOf } from '../../shape/values.ts'

/** Logons, logoffs and tickets: their subject is the machine that let somebody in, their target is who came. */
const LOGONS = new Set([4624, 4625, 4634, 4647, 4768, 4769, 4770, 4771, 4776])

/** Accounts of the machine itself: its system, local service and network service. */
const MACHINE_SIDS = new Set(['S-1-5-18', 'S-1-5-19', 'S-1-5-20'])
/** Where Windows keeps accounts that are programs; German and French systems translate the first. */
const MACHINE_DOMAINS = /^(?:nt |nt-|autorite nt|iis apppool|window manager|font driver host)/

/** Names and security ids of people, as the fields of Windows' own channels have them. */
export const IDENTITY_FIELDS: readonly string[] = [
  ...'User SourceUser TargetUser ParentUser UserContext UserName Username AccountName AccountSid UserSid UserSID UserId'.split(
    ' ',
  ),
  ...'SubjectUserName SubjectUserSid TargetUserName TargetUserSid TargetSid TargetOutboundUserName'.split(' '),
  ...'SubjectLogonName DetectionUser RemediationUser DomainUser ClientUserName CallerUser'.split(' '),
  ...'SamAccountName UserPrincipalName DisplayName MemberName MemberSid OldTargetUserName NewTargetUserName'.split(' '),
  ...'SourceUserName SourceSid Security_UserID LogonName'.split(' '),
]

/** Who did what a Windows event says. Names are the same in any case and get one: `domain\name`. */
export function windowsActor(fields: Fields): Identity | undefined {
  const id = fields['EventID']
  const target = accountOf(fields, 'TargetDomainName', 'TargetUserName', 'TargetUserSid')
  if (typeof id === 'number' && LOGONS.has(id) && target) return target
  const user = textOf(fields['User'])
  if (user !== undefined) return identityOf(user)
  const subject = accountOf(fields, 'SubjectDomainName', 'SubjectUserName', 'SubjectUserSid')
  if (subject) return subject
  // Sysmon writes all of its events as the system; of other channels it is who ran the code.
  const sid = fields['Provider_Name'] === 'Microsoft-Windows-Sysmon' ? undefined : textOf(fields['Security_UserID'])
  return sid === undefined ? undefined : { kind: MACHINE_SIDS.has(sid) ? 'service' : 'user', identity: sid }
}

/** Whom an event is about, where that is another than who acted. */
export function windowsTarget(fields: Fields): Identity | undefined {
  const target = accountOf(fields, 'TargetDomainName', 'TargetUserName', 'TargetUserSid')
  return target && target.identity !== windowsActor(fields)?.identity ? target : undefined
}

function accountOf(fields: Fields, domain: string, name: string, sid: string): Identity | undefined {
  const account = textOf(fields[name])
  if (account === undefined) return undefined
  const within = textOf(fields[domain])
  const identity = identityOf(within === undefined || account.includes('@') ? account : `${within}\\${account}`)
  return MACHINE_SIDS.has(String(fields[sid])) ? { kind: 'service', identity: identity.identity } : identity
}

function identityOf(written: string): Identity {
  const identity = written.toLowerCase()
  const isMachine = identity.endsWith('$') || MACHINE_DOMAINS.test(identity)
  return { kind: isMachine ? 'service' : 'user', identity }
}
