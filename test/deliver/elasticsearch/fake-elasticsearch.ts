import { createServer } from 'node:http'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface BulkRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly ids: readonly string[]
  readonly documents: readonly Record<string, unknown>[]
}

interface Item {
  readonly status: number
  readonly error?: { readonly type: string; readonly reason: string }
  readonly failure_store?: string
}

/** What the fake does with one request; nothing of it: store what is new, 201, and answer 409 for what is there. */
export interface Behaviour {
  /** Answers instead of the fake; nothing is stored. */
  readonly answer?: (response: ServerResponse, request: BulkRequest) => void
  /** An item's own answer; undefined: as usual. */
  readonly item?: (id: string, document: Record<string, unknown>) => Item | undefined
  /** Changes the text of the reply on its way out, after everything was stored. */
  readonly mangle?: (reply: string) => string
}

export interface FakeElasticsearch extends AsyncDisposable {
  readonly url: string
  readonly requests: BulkRequest[]
  readonly stored: Map<string, Record<string, unknown>>
  behaviour: Behaviour
}

/** `_bulk` with `create` over real HTTP on loopback, as far as a writer can tell; not a search engine. */
export async function fakeElasticsearch(behaviour: Behaviour = {}): Promise<FakeElasticsearch> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const lines = Buffer.concat(chunks).toString().trimEnd().split('\n').map(parsed)
      const bulk: BulkRequest = {
        path: request.url ?? '',
        headers: request.headers,
        ids: lines.filter((_, at) => at % 2 === 0).map((line) => (line['create'] as { _id: string })._id),
        documents: lines.filter((_, at) => at % 2 === 1),
      }
      fake.requests.push(bulk)
      response.setHeader('x-elastic-product', 'Elasticsearch')
      if (fake.behaviour.answer) fake.behaviour.answer(response, bulk)
      else answerJson(response, 200, reply(fake, bulk), fake.behaviour.mangle)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const fake: FakeElasticsearch = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    stored: new Map(),
    behaviour,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return fake
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  mangle: (text: string) => string = (text) => text,
): void {
  response.writeHead(status, { 'content-type': 'application/vnd.elasticsearch+json;compatible-with=9' })
  response.end(mangle(JSON.stringify(body)))
}

function reply(fake: FakeElasticsearch, bulk: BulkRequest): unknown {
  const items = bulk.ids.map((id, at) => {
    const document = bulk.documents[at] ?? {}
    const own = fake.behaviour.item?.(id, document)
    const item = own ?? (fake.stored.has(id) ? conflict(id) : { status: 201 })
    if (item.status === 201) fake.stored.set(id, document)
    return { create: { _index: '.ds-logs-modelward.alerts-default-000001', _id: id, ...item } }
  })
  return { took: 1, errors: items.some(({ create }) => create.status >= 300), items }
}

function conflict(id: string): Item {
  const reason = `[${id}]: version conflict, document already exists (current version [1])`
  return { status: 409, error: { type: 'version_conflict_engine_exception', reason } }
}

function parsed(line: string): Record<string, unknown> {
  return JSON.parse(line) as Record<string, unknown>
}
