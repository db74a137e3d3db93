import type { estypes } from '@elastic/elasticsearch'
import { ecsFields, modelwardFields } from './fields.ts'
import type { FieldType } from './fields.ts'

type Json = Readonly<Record<string, unknown>>

const owned = {
  managed_by: 'modelward',
  description: 'Made by modelward; put changes into logs-modelward.alerts@custom.',
}

/** The data stream of alerts: what Elasticsearch is to be told once, file name to content. `setup elasticsearch` sends them. */
export function templates(): Readonly<Record<string, Json>> {
  return {
    'component-modelward-ecs@mappings.json': component({ mappings: mappings(ecsFields) }),
    'component-modelward@mappings.json': component({ mappings: mappings(modelwardFields) }),
    'component-modelward-alerts@settings.json': component({ settings: alertSettings }),
    'component-modelward-ingest@settings.json': component({
      settings: { 'index.default_pipeline': 'modelward@ingest' },
    }),
    'index-logs-modelward.alerts.json': alertsIndexTemplate,
    'pipeline-modelward@ingest.json': ingestPipeline,
    'role-modelward_setup.json': setupRole,
    'role-modelward_viewer.json': viewerRole,
    'role-modelward_writer.json': writerRole,
  }
}

/**
 * Values that do not fit their field are kept unindexed instead of costing the alert (`ignore_malformed`), except for
 * the time, without which a data stream takes nothing.
 */
const alertSettings = {
  'index.mode': 'logsdb',
  'index.mapping.ignore_malformed': true,
  'index.number_of_shards': 1,
} satisfies estypes.IndicesIndexSettings

/**
 * Above Elastic's own `logs-*-*` (100). The failure store is off: a document that Elasticsearch refuses is parked by the
 * daemon with the reason, where somebody looks; switch it on in `logs-modelward.alerts@custom` to keep it there instead.
 */
const alertsIndexTemplate = {
  index_patterns: ['logs-modelward.alerts-*'],
  priority: 300,
  data_stream: {},
  composed_of: [
    'modelward-ecs@mappings',
    'modelward@mappings',
    'modelward-alerts@settings',
    'modelward-ingest@settings',
    'logs-modelward.alerts@custom',
  ],
  ignore_missing_component_templates: ['modelward-ingest@settings', 'logs-modelward.alerts@custom'],
  template: {
    lifecycle: { data_retention: '365d' },
    data_stream_options: { failure_store: { enabled: false } },
  },
  _meta: owned,
} satisfies Omit<estypes.IndicesPutIndexTemplateRequest, 'name'>

/**
 * Optional: stamps the cluster's own time of arrival, by which detection rules look for new documents. Without ingest
 * nodes the component template that names it is left out, and `event.ingested` is the daemon's time of sending.
 */
const ingestPipeline = {
  description: 'Time of arrival of modelward alerts',
  processors: [{ set: { field: 'event.ingested', value: '{{{_ingest.timestamp}}}', ignore_failure: true } }],
  _meta: owned,
} satisfies Omit<estypes.IngestPutPipelineRequest, 'id'>

const streams = ['logs-modelward.*-*']

/** For the daemon: can add documents and nothing else, not even read what it wrote. */
const writerRole = {
  cluster: [],
  indices: [{ names: streams, privileges: ['create_doc'] }],
} satisfies estypes.SecurityRoleDescriptor

/** For `modelward setup elasticsearch`, once. */
const setupRole = {
  cluster: ['monitor', 'manage_index_templates', 'manage_ingest_pipelines'],
  indices: [{ names: streams, privileges: ['create_index', 'manage', 'view_index_metadata'] }],
} satisfies estypes.SecurityRoleDescriptor

/** For people who look at the dashboard; the Kibana features are granted beside it. */
const viewerRole = {
  cluster: [],
  indices: [{ names: streams, privileges: ['read', 'view_index_metadata'] }],
} satisfies estypes.SecurityRoleDescriptor

function component(template: Json): Json {
  return { template, _meta: owned }
}

/** Explicit and closed: a field that is not listed stays in the document but is not indexed, so that no writer needs more rights. */
function mappings(fields: Readonly<Record<string, FieldType>>): Json {
  const root: Record<string, unknown> = {}
  for (const [name, type] of Object.entries(fields)) place(root, name.split('.'), mappingOf(name, type))
  return { dynamic: 'false', date_detection: false, properties: root }
}

function place(properties: Record<string, unknown>, [first = '', ...rest]: readonly string[], mapping: Json): void {
  if (rest.length === 0) {
    properties[first] = mapping
    return
  }
  const object = (properties[first] ??= { properties: {} }) as { properties: Record<string, unknown> }
  place(object.properties, rest, mapping)
}

function mappingOf(name: string, type: FieldType): Json {
  if (name === '@timestamp') return { type, ignore_malformed: false }
  if (name === 'data_stream.type') return { type, value: 'logs' }
  if (name === 'data_stream.dataset') return { type, value: 'modelward.alerts' }
  if (name === 'event.url') return { type, ignore_above: 2083 }
  switch (type) {
    case 'keyword':
      return { type, ignore_above: 1024 }
    case 'flattened':
      return { type, ignore_above: 1024, depth_limit: 5 }
    case 'kept':
      return { type: 'object', enabled: false }
    default:
      return { type }
  }
}
