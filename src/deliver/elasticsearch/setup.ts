import { errors } from '@elastic/elasticsearch'
import type { Client } from '@elastic/elasticsearch'
import { reasonOf } from '../../runtime/errors.ts'
import { openClient } from './connection.ts'
import type { Connection } from './connection.ts'
import { stamped, withSubstitutes } from './templates.ts'
import type { ElasticTemplates, Json, Substitutes } from './templates.ts'

/** One thing that setup saw to. `left out`: this cluster has no such API; `detail` says what happens instead. */
export interface SetupStep {
  readonly name: string
  readonly result: 'made' | 'changed' | 'kept' | 'left out' | 'failed'
  readonly detail: string
}

/** `ready`: every step that this cluster can do is done, and a trial of the templates gave what the alerts need. */
export interface SetupReport {
  readonly ready: boolean
  readonly steps: readonly SetupStep[]
}

export interface SetupOptions {
  readonly templates: ElasticTemplates
  readonly namespace: string
  /** Field types that the cluster lacks, and what to use instead; default: none. */
  readonly absent?: Substitutes
  readonly signal?: AbortSignal
}

/**
 * Installs the templates and makes the data stream `logs-modelward.alerts-<namespace>`. May be run again at any time:
 * what is there and unchanged is kept; when a template changed, the stream gets a new backing index for its next document.
 * Ends at the first step that fails. Needs the rights of `role-modelward_setup.json`.
 */
export async function setupElasticsearch(connection: Connection, options: SetupOptions): Promise<SetupReport> {
  let client: Client
  try {
    client = await openClient(connection)
  } catch (error) {
    return { ready: false, steps: [{ name: 'connection', result: 'failed', detail: reasonOf(error) }] }
  }
  const setup = new Setup(client, options)
  try {
    await setup.run()
    return { ready: true, steps: setup.steps }
  } catch (error) {
    const failed: SetupStep = { name: setup.at, result: 'failed', detail: reasonOf(error).replaceAll(/\s+/g, ' ') }
    return { ready: false, steps: [...setup.steps, failed] }
  } finally {
    await client.close()
  }
}

class Setup {
  readonly #client: Client
  readonly #options: SetupOptions
  readonly #stream: string
  readonly steps: SetupStep[] = []
  /** What is being done now. */
  at = ''

  constructor(client: Client, options: SetupOptions) {
    this.#client = client
    this.#options = options
    this.#stream = `logs-modelward.alerts-${options.namespace}`
  }

  async run(): Promise<void> {
    const { pipelines, components, indexes } = this.#options.templates
    let hasIngest = true
    for (const [name, body] of pipelines) hasIngest = (await this.#pipeline(name, body)) && hasIngest
    for (const [name, body] of components) if (hasIngest || !needsIngest(body)) await this.#component(name, body)
    for (const [name, body] of indexes) await this.#indexTemplate(name, body)
    await this.#dataStream()
    await this.#verify()
  }

  async #pipeline(name: string, body: Json): Promise<boolean> {
    this.at = `pipeline ${name}`
    try {
      await this.#call('PUT', `/_ingest/pipeline/${encodeURIComponent(name)}`, body)
      this.#done('made', 'stamps event.ingested with the time of arrival')
      return true
    } catch (error) {
      if (!isMissingApi(error)) throw error
      this.#done('left out', 'no ingest here: event.ingested is the time at which modelward sent the alert')
      return false
    }
  }

  async #component(name: string, template: Json): Promise<void> {
    this.at = `component template ${name}`
    const { body, digest } = stamped(withSubstitutes(template, this.#options.absent ?? {}))
    const found = await this.#found(`/_component_template/${encodeURIComponent(name)}`, 'component_templates')
    await this.#put(
      `/_component_template/${encodeURIComponent(name)}`,
      body,
      digest,
      digestIn(found, 'component_template'),
    )
  }

  async #indexTemplate(name: string, template: Json): Promise<void> {
    this.at = `index template ${name}`
    const { body, digest } = stamped(template)
    const found = await this.#found(`/_index_template/${encodeURIComponent(name)}`, 'index_templates')
    await this.#put(`/_index_template/${encodeURIComponent(name)}`, body, digest, digestIn(found, 'index_template'))
  }

  async #put(path: string, body: Json, digest: string, installed: string | undefined): Promise<void> {
    if (installed === digest) return this.#done('kept', `digest ${digest}`)
    await this.#call('PUT', path, body)
    this.#done(installed === undefined ? 'made' : 'changed', `digest ${digest}`)
  }

  async #dataStream(): Promise<void> {
    const changed = this.steps.some(({ result }) => result === 'changed')
    this.at = `data stream ${this.#stream}`
    if (await this.#streamExists()) {
      if (!changed) return this.#done('kept', 'it is there')
      await this.#call('POST', `/${this.#stream}/_rollover`)
      return this.#done('changed', 'new backing index, because a template changed')
    }
    try {
      await this.#call('PUT', `/_data_stream/${this.#stream}`)
      this.#done('made', 'empty')
    } catch (error) {
      if (!isMissingApi(error)) throw error
      this.#done(
        'left out',
        'no API for it here: the first alert makes it, and the writer needs auto_configure for that',
      )
    }
  }

  /** What the templates come to for this stream; another template of a higher priority would show here. */
  async #verify(): Promise<void> {
    this.at = `trial of the templates for ${this.#stream}`
    const trial = await this.#call('POST', `/_index_template/_simulate_index/${this.#stream}`)
    const mode = at(trial, 'template', 'settings', 'index', 'mode')
    const control = at(trial, 'template', 'mappings', 'properties', 'modelward', 'properties', 'control')
    if (control === undefined)
      throw new Error('another index template wins for this name; give it a lower priority than 300')
    if (mode !== 'logsdb') throw new Error(`index.mode is ${String(mode)} instead of logsdb`)
    this.#done('kept', 'mappings and settings are the ones of modelward')
  }

  async #streamExists(): Promise<boolean> {
    const found = await this.#found(`/_resolve/index/${this.#stream}`, 'data_streams')
    return found !== undefined
  }

  /** The first entry of a list in the answer; undefined when the list is empty or the answer is 404. */
  async #found(path: string, list: string): Promise<unknown> {
    try {
      const entries = at(await this.#call('GET', path), list)
      return Array.isArray(entries) ? entries[0] : undefined
    } catch (error) {
      if (error instanceof errors.ResponseError && error.meta.statusCode === 404) return undefined
      throw error
    }
  }

  async #call(method: string, path: string, body?: Json): Promise<unknown> {
    const { signal } = this.#options
    const options = signal === undefined ? {} : { signal }
    return this.#client.transport.request({ method, path, ...(body === undefined ? {} : { body }) }, options)
  }

  #done(result: SetupStep['result'], detail: string): void {
    this.steps.push({ name: this.at, result, detail })
  }
}

/** A component template that names a pipeline is of no use, and in the way, where there is no ingest. */
function needsIngest(template: Json): boolean {
  return at(template, 'template', 'settings', 'index.default_pipeline') !== undefined
}

function digestIn(found: unknown, kind: string): string | undefined {
  if (found === undefined) return undefined
  const digest = at(found, kind, '_meta', 'digest')
  return typeof digest === 'string' ? digest : 'somebody else’s'
}

function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value
  for (const part of path) {
    if (typeof found !== 'object' || found === null) return undefined
    found = (found as Json)[part]
  }
  return found
}

/** How a server answers for an API that it was built without. */
function isMissingApi(error: unknown): boolean {
  return (
    error instanceof errors.ResponseError &&
    [400, 405].includes(error.meta.statusCode ?? 0) &&
    /no handler found|Incorrect HTTP method|No processor type exists/.test(JSON.stringify(error.meta.body))
  )
}
