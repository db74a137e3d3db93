import type { Fields } from '../../contract/event.ts'
import type { Identity } from '../principal/pseudonyms.ts'
import type { EcsView } from '../shape/ecs-view.ts'
import { type Draft, type Format, type Tools, below, logsource, sealedPaths } from '../shape/format.ts'
import { parseEmbedded } from '../shape/parse.ts'
import { timeOf } from '../shape/time.ts'
import { isRecord, listOf, numberOf, recordOf, textOf } from '../shape/values.ts'
import { everyRecord } from '../shape/wrapped.ts'

/** Kubernetes audit: log lines, the webhook's `EventList`, and Azure's `kube-audit` records that hold one in `properties.log`. */
export const kubernetes: Format = {
  name: 'kubernetes',
  summary: 'Kubernetes audit events (audit.k8s.io), from the log file or the webhook',
  recognises(fields) {
    if (fields['kind'] === 'Event') return isAuditEvent(fields)
    if (fields['kind'] === 'EventList') return String(fields['apiVersion']).startsWith('audit.k8s.io')
    return isAzureKubeAudit(fields)
  },
  toEvents(fields) {
    if (fields['kind'] === 'EventList') return everyRecord(listOf(fields['items']), 'items', kubernetesDraft)
    return [isAzureKubeAudit(fields) ? azureKubeAudit(fields) : kubernetesDraft(fields)]
  },
  example: {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: 'd49cdfd1-1ae5-40db-99cf-2b36f563ca03',
    stage: 'ResponseComplete',
    requestURI: '/apis/serving.kserve.io/v1beta1/namespaces/serving/inferenceservices/llm',
    verb: 'patch',
    user: { username: 'system:serviceaccount:ci:deployer', uid: 'u2', groups: ['system:authenticated'] },
    sourceIPs: ['203.0.113.9'],
    userAgent: 'kubectl/v1.34.4',
    objectRef: {
      resource: 'inferenceservices',
      namespace: 'serving',
      name: 'llm',
      apiGroup: 'serving.kserve.io',
      apiVersion: 'v1beta1',
    },
    responseStatus: { metadata: {}, code: 200 },
    requestReceivedTimestamp: '2026-01-05T12:00:00.123456Z',
    stageTimestamp: '2026-01-05T12:00:00.127725Z',
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
  },
  docs: 'kube-apiserver --audit-policy-file=… and --audit-log-path=/var/log/kubernetes/audit.log, or --audit-webhook-config-file with the daemon’s HTTP source as server.',
}

const AUDIT = logsource('kubernetes', 'audit')

const IDENTITIES = [
  ...below('user', 'username uid extra'),
  ...below('impersonatedUser', 'username uid extra'),
  ...below('requestObject', 'subjects subjects.name data stringData spec.token status.token'),
  ...below('responseObject', 'subjects subjects.name data stringData status.token status.certificate spec.username'),
  'annotations.authorization.k8s.io/reason',
  'properties.log',
]
const SEALED = sealedPaths(IDENTITIES)

/** Requests about accounts (token requests, impersonation) name the account where others name a thing. */
const SEALED_ACCOUNT = sealedPaths([...IDENTITIES, 'objectRef.name', 'requestURI'])
const ACCOUNTS = new Set(['serviceaccounts', 'users', 'groups', 'uids'])

function isAuditEvent(fields: Fields): boolean {
  if (typeof fields['apiVersion'] === 'string') return fields['apiVersion'].startsWith('audit.k8s.io')
  // Shippers cut the version; the cluster's own `Event` objects have no verb.
  return typeof fields['verb'] === 'string'
}

/** Azure Monitor's categories `kube-audit` and `kube-audit-admin`. */
export function isAzureKubeAudit(fields: Fields): boolean {
  const category = fields['category'] ?? fields['Category']
  return typeof category === 'string' && category.startsWith('kube-audit')
}

/** The audit event inside, or the wrapper as it is when its log cannot be read. */
export function azureKubeAudit(fields: Fields): Draft {
  const properties = recordOf(fields['properties']) ?? parseEmbedded(fields['properties']) ?? fields
  const log = properties['log'] ?? properties['log_s']
  const inner = isRecord(log) ? log : parseEmbedded(log)
  const draft = kubernetesDraft(inner ?? fields)
  return draft.at === undefined ? { ...draft, at: timeOf(fields['time'] ?? fields['TimeGenerated']) } : draft
}

function kubernetesDraft(fields: Fields): Draft {
  return {
    at: timeOf(fields['requestReceivedTimestamp']) ?? timeOf(fields['stageTimestamp']),
    logsource: AUDIT,
    fields,
    sealed: accountIn(recordOf(fields['objectRef'])) ? SEALED_ACCOUNT : SEALED,
    principal: principalOf(textOf(recordOf(fields['user'])?.['username'])),
    describe,
  }
}

/** Service accounts, nodes and components (`system:…`) are services; everybody else is a user, the anonymous included. */
function principalOf(username: string | undefined): Identity | undefined {
  if (username === undefined) return undefined
  const isService = username.startsWith('system:') && username !== 'system:anonymous' && username !== 'system:admin'
  return { kind: isService ? 'service' : 'user', identity: username }
}

/** The account that a request is about, under the name it would act by. */
function accountIn(object: Fields | undefined): string | undefined {
  const [resource, name] = [textOf(object?.['resource']), textOf(object?.['name'])]
  if (resource === undefined || name === undefined || !ACCOUNTS.has(resource)) return undefined
  return resource === 'serviceaccounts' ? `system:serviceaccount:${String(object?.['namespace'])}:${name}` : name
}

function describe(ecs: EcsView, fields: Fields, tools: Tools): void {
  const verb = textOf(fields['verb']) ?? 'unknown'
  const object = recordOf(fields['objectRef'])
  const resource = textOf(object?.['resource'])
  const subresource = textOf(object?.['subresource'])
  const what = subresource === undefined ? resource : `${resource}/${subresource}`
  const code = numberOf(recordOf(fields['responseStatus'])?.['code'])
  const decision = recordOf(fields['annotations'])?.['authorization.k8s.io/decision']
  const [category, types] = kindOf(verb, textOf(object?.['apiGroup']), decision === 'forbid' || code === 403)
  const outcome = code === undefined ? (decision === 'forbid' ? false : undefined) : code < 400
  ecs.event(category, types, what === undefined ? verb : `${verb} ${what}`, outcome)
  ecs.dataset('kubernetes.audit', 'kube-apiserver')
  ecs.word('orchestrator.type', 'kubernetes')
  ecs.word('orchestrator.namespace', object?.['namespace'])
  ecs.word('orchestrator.resource.type', what)
  ecs.word('orchestrator.api_version', object?.['apiVersion'])
  ecs.word('modelward.record.id', fields['auditID'])
  ecs.source(listOf(fields['sourceIPs'])[0])
  ecs.word('user_agent.original', fields['userAgent'])
  const account = principalOf(accountIn(object))
  if (account) {
    ecs.word('user.target.name', tools.pseudonyms.of(account.kind, account.identity))
  } else {
    ecs.word('orchestrator.resource.name', object?.['name'])
    ecs.word('url.path', textOf(fields['requestURI'])?.split('?', 1)[0])
  }
  ecs.count('http.response.status_code', code)
  const groups = listOf(recordOf(fields['user'])?.['groups']).map(textOf)
  // Only the built-in groups: others may name people.
  ecs.words('user.roles', groups.filter((group) => group?.startsWith('system:')).slice(0, 20))
}

const VERB_TYPES = new Map([
  ['create', 'creation'],
  ['update', 'change'],
  ['patch', 'change'],
  ['delete', 'deletion'],
  ['deletecollection', 'deletion'],
])

function kindOf(verb: string, group: string | undefined, denied: boolean): readonly [string, readonly string[]] {
  const type = VERB_TYPES.get(verb)
  if (group === 'rbac.authorization.k8s.io') return ['iam', type === undefined ? ['info'] : ['admin', type]]
  return ['api', [type ?? 'access', ...(denied ? ['denied'] : [])]]
}
