import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Connection } from '../deliver/elasticsearch/connection.ts'
import { elasticsearch } from '../deliver/elasticsearch/elasticsearch.ts'
import { importSavedObjects } from '../deliver/elasticsearch/kibana.ts'
import { setupElasticsearch, type SetupReport, type SetupStep } from '../deliver/elasticsearch/setup.ts'
import { readTemplates } from '../deliver/elasticsearch/templates.ts'
import { ConfigError, RefusedError, reasonOf } from '../runtime/errors.ts'
import { ConfigDocument } from './config/document.ts'
import { loadConfig } from './config/load.ts'

export interface SetupRequest {
  /** A config file, and the Elasticsearch sink of it to set up for. */
  readonly config?: string
  readonly sink?: string
  /** Instead of a sink, or over its settings: the sink's own keys (`nodes`, `auth`, `ca`, `namespace`). */
  readonly settings: Readonly<Record<string, unknown>>
  readonly kibana?: string
  /** Field types that the cluster lacks, and what to use instead. */
  readonly substitutes: Readonly<Record<string, string>>
}

const dashboards = resolve(import.meta.dirname, '../../dashboards')

/** Installs templates, pipeline and data stream, and with `kibana` the data view and dashboard. May be repeated. */
export async function setUpElasticsearch(request: SetupRequest, signal: AbortSignal): Promise<SetupReport> {
  const connection = connectionOf(request)
  const report = await setupElasticsearch(connection, {
    templates: await readTemplates(resolve(dashboards, 'templates')),
    namespace: connection.namespace,
    absent: request.substitutes,
    signal,
  })
  if (request.kibana === undefined || !report.ready) return report
  const step = await importDashboard(request.kibana, connection, signal)
  return { ready: step.result !== 'failed', steps: [...report.steps, step] }
}

async function importDashboard(url: string, connection: Connection, signal: AbortSignal): Promise<SetupStep> {
  const name = 'Kibana data view and dashboard'
  const { auth, ca } = connection
  try {
    if (auth && 'bearer' in auth) throw new RefusedError('Kibana takes an API key or a user, not a bearer token')
    const objects = await readFile(resolve(dashboards, 'kibana.ndjson'), 'utf8')
    const count = await importSavedObjects(
      { url, ...(auth ? { auth } : {}), ...(ca === undefined ? {} : { ca }) },
      objects,
      signal,
    )
    return { name, result: 'made', detail: `${count} saved objects` }
  } catch (error) {
    return { name, result: 'failed', detail: reasonOf(error) }
  }
}

function connectionOf(request: SetupRequest): Connection & { readonly namespace: string } {
  const base = request.sink === undefined ? {} : sinkSettings(request.config, request.sink)
  const read = elasticsearch.config.safeParse({ ...base, ...request.settings })
  if (read.success) return read.data
  throw new ConfigError(ConfigDocument.parse('the flags of setup elasticsearch', '{}').problems(read.error))
}

/** The settings of a sink as they are written, so that flags can be laid over them. */
function sinkSettings(file: string | undefined, sink: string): Readonly<Record<string, unknown>> {
  const entry = loadConfig(file).shape.deliver.find(
    ({ kind, name }) => kind === 'elasticsearch' && (name ?? kind) === sink,
  )
  if (!entry) throw new RefusedError(`the config has no Elasticsearch sink named ${sink}`)
  const { kind: _kind, name: _name, atLeast: _atLeast, sendResolved: _sendResolved, ...settings } = entry
  return settings
}
