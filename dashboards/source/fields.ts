/** How Elasticsearch stores a field. Types as in Elasticsearch's mapping reference. */
export type FieldType =
  | 'keyword'
  | 'match_only_text'
  | 'constant_keyword'
  | 'wildcard'
  | 'flattened'
  | 'date'
  | 'ip'
  | 'boolean'
  | 'long'
  | 'integer'
  | 'float'
  | 'double'
  /** Kept in the document, not searchable. */
  | 'kept'

/**
 * The fields of ECS that an alert may carry and that are searched for, with ECS's own types (a test compares them with
 * `@elastic/ecs`). Two exceptions: `labels` is `flattened`, so that a new label needs no change of the mapping, and
 * `gen_ai.provider.name` is what ECS 9.5 calls `gen_ai.system`.
 */
export const ecsFields: Readonly<Record<string, FieldType>> = {
  '@timestamp': 'date',
  message: 'match_only_text',
  tags: 'keyword',
  labels: 'flattened',
  ...of('keyword', 'ecs', ['version']),
  ...of('constant_keyword', 'data_stream', ['type', 'dataset', 'namespace']),
  ...of('keyword', 'event', ['kind', 'category', 'type', 'action', 'outcome', 'id', 'module', 'dataset', 'provider']),
  ...of('keyword', 'event', ['reason', 'url']),
  ...of('date', 'event', ['start', 'end', 'created', 'ingested']),
  ...of('long', 'event', ['severity', 'duration']),
  ...of('float', 'event', ['risk_score']),
  ...of('keyword', 'rule', ['id', 'name', 'description', 'ruleset', 'version', 'author', 'license', 'reference']),
  ...of('keyword', 'threat', ['framework']),
  ...of('keyword', 'threat.tactic', ['id', 'name', 'reference']),
  ...of('keyword', 'threat.technique', ['id', 'name', 'reference']),
  ...of('keyword', 'threat.technique.subtechnique', ['id', 'name', 'reference']),
  ...of('keyword', 'observer', ['vendor', 'product', 'type', 'name', 'version']),
  ...of('keyword', 'related', ['user', 'hosts', 'hash']),
  ...of('ip', 'related', ['ip']),
  ...of('keyword', 'user', ['id', 'name', 'domain', 'roles', 'hash', 'target.name']),
  ...of('ip', 'source', ['ip']),
  ...of('keyword', 'source', ['address', 'domain', 'geo.country_iso_code', 'geo.region_name', 'as.organization.name']),
  ...of('long', 'source', ['port', 'as.number']),
  ...of('ip', 'client', ['ip']),
  ...of('keyword', 'client', ['address']),
  ...of('ip', 'destination', ['ip']),
  ...of('keyword', 'destination', ['address', 'domain']),
  ...of('long', 'destination', ['port']),
  ...of('ip', 'host', ['ip']),
  ...of('keyword', 'host', ['id', 'name', 'hostname']),
  ...of('wildcard', 'url', ['full', 'original', 'path']),
  ...of('keyword', 'url', ['domain', 'scheme']),
  ...of('keyword', 'user_agent', ['original']),
  ...of('keyword', 'http.request', ['method', 'id']),
  ...of('long', 'http.response', ['status_code']),
  ...of('keyword', 'service', ['name', 'type', 'version', 'environment', 'node.name', 'target.name']),
  ...of('keyword', 'gen_ai', ['operation.name', 'provider.name', 'request.model', 'response.model', 'response.id']),
  ...of('keyword', 'gen_ai', ['agent.id', 'agent.name', 'tool.name', 'tool.type']),
  ...of('integer', 'gen_ai', ['usage.input_tokens', 'usage.output_tokens']),
  ...of('integer', 'gen_ai.request', ['max_tokens', 'choice.count']),
  ...of('double', 'gen_ai.request', ['temperature', 'top_p']),
  ...of('keyword', 'cloud', ['provider', 'region', 'account.id', 'service.name']),
  ...of('keyword', 'orchestrator', ['type', 'namespace', 'cluster.name', 'resource.name', 'resource.type']),
  ...of('keyword', 'container', ['id', 'name', 'image.name']),
  ...of('keyword', 'file', ['name', 'path', 'hash.sha256']),
  ...of('keyword', 'process', ['name', 'executable']),
  ...of('keyword', 'tls', ['version', 'version_protocol', 'cipher']),
  ...of('keyword', 'error', ['code', 'type']),
  ...of('keyword', 'organization', ['id']),
  ...of('keyword', 'server', ['address']),
  ...of('match_only_text', 'error', ['message']),
  ...of('keyword', 'trace', ['id']),
}

/** What modelward says beyond ECS. */
export const modelwardFields: Readonly<Record<string, FieldType>> = {
  'modelward.control.id': 'keyword',
  'modelward.detector.type': 'keyword',
  ...of('keyword', 'modelward.alert', [
    'state',
    'level',
    'principals',
    'silenced_by',
    'acknowledged_by',
    'resolved_by',
  ]),
  ...of('long', 'modelward.alert', ['count', 'revision']),
  'modelward.alert.last_at': 'date',
  'modelward.dedup_key': 'keyword',
  'modelward.group_by': 'keyword',
  'modelward.group': 'flattened',
  'modelward.runbook': 'match_only_text',
  'modelward.playbook': 'keyword',
  'modelward.attack.technique.id': 'keyword',
  ...of('keyword', 'modelward.evidence', ['event.id', 'feature', 'direction', 'exemplars']),
  ...of('double', 'modelward.evidence', ['value', 'baseline', 'p_value', 'e_value']),
  'modelward.evidence.event.action': 'keyword',
  'modelward.evidence.text': 'match_only_text',
  'modelward.evidence.records': 'kept',
  'modelward.detail': 'flattened',
  ...of('keyword', 'modelward.inference', ['endpoint', 'server', 'status', 'prompt_hash', 'tools']),
  ...of('double', 'modelward.inference', ['cost_usd', 'latency_ms']),
  ...of('long', 'modelward.inference', ['biased_tokens']),
  ...of('boolean', 'modelward.inference', ['logprobs']),
  ...of('keyword', 'modelward', ['record.id', 'team', 'user.type', 'haproxy.termination']),
  ...of('keyword', 'modelward.azure', ['app', 'category', 'resource', 'resource_group', 'resource_type', 'risk_level']),
}

/** Every field of the alerts data stream that a panel, a control or a query may name. */
export const alertFields: Readonly<Record<string, FieldType>> = { ...ecsFields, ...modelwardFields }

function of(type: FieldType, prefix: string, names: readonly string[]): Record<string, FieldType> {
  return Object.fromEntries(names.map((name) => [`${prefix}.${name}`, type]))
}
