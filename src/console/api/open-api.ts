import { z } from 'zod'
import { Digest, NewPlan, NewSilence } from './input.ts'

type Operation = Readonly<Record<string, unknown>>

/** The API in OpenAPI 3.1; bodies are made from the schemas that check them. */
export function openApi(version: string): Readonly<Record<string, unknown>> {
  return {
    openapi: '3.1.0',
    info: { title: 'modelward', version, description: 'Alerts, containment and health of one modelward daemon.' },
    security: [{ token: [] }, { session: [] }],
    paths: {
      ...alertPaths(),
      ...containmentPaths(),
      '/api/v1/sources': get('Sources, with how far behind they are'),
      '/api/v1/sinks': get('Receivers, with what waits for them'),
      '/api/v1/status': get('The daemon: balance, detectors, what is wrong'),
      '/api/v1/quarantine': get('Records that could not be read', [query('limit', 'At most 10000')]),
      '/api/v1/quarantine/replay': post('Reads them again; answers {read, kept}'),
      '/api/v1/parked': get('Notifications that a receiver would not take'),
      '/api/v1/audit/verify': get('Whether the audit chain holds'),
      '/-/reload': post('Rules anew, all or nothing'),
    },
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'modelward' },
      },
      schemas: { Error: z.toJSONSchema(ErrorBody) },
    },
  }
}

const ErrorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

function alertPaths(): Readonly<Record<string, unknown>> {
  return {
    '/api/v1/alerts': get('Alerts', [
      query('state', 'pending, firing, resolved or open; several joined by commas'),
      query('principal', 'A pseudonym: key:…'),
      query('rule', 'A rule id'),
      query('since', 'Epoch ms'),
      query('limit', '1 to 1000, default 100'),
    ]),
    '/api/v1/alerts/{id}': { ...get('One alert, and its ECS document'), parameters: [id] },
    '/api/v1/alerts/{id}/ack': { ...post('Somebody has seen it'), parameters: [id] },
    '/api/v1/alerts/{id}/resolve': { ...post('It is over'), parameters: [id] },
    '/api/v1/silences': { ...get('Silences'), ...post('Mutes alerts until a time', NewSilence) },
    '/api/v1/silences/{id}': { delete: operation('Ends a silence'), parameters: [id] },
  }
}

function containmentPaths(): Readonly<Record<string, unknown>> {
  return {
    '/api/v1/playbooks': get('Playbooks'),
    '/api/v1/plans': {
      ...get('Plans, with their digests'),
      ...post(
        'Works a playbook out for everyone whom an alert names: the plan for the first, under others the rest',
        NewPlan,
      ),
    },
    '/api/v1/plans/{id}': { ...get('One plan'), parameters: [id] },
    '/api/v1/plans/{id}/approve': { ...post('Approves what the digest names', Digest), parameters: [id] },
    '/api/v1/plans/{id}/reject': { ...post('Will not be done'), parameters: [id] },
    '/api/v1/plans/{id}/revert': { ...post('Takes back what was done'), parameters: [id] },
    '/api/v1/claims': get('Containments in force'),
    '/decide': {
      ...get('What a gateway should do with the caller of its request: 200 allow, 403 deny, 429 throttle', [
        query('require', '1: a request without a key is a 400'),
        query('throttle', '403: for nginx auth_request'),
      ]),
      security: [],
    },
  }
}

const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } }

function query(name: string, description: string): Operation {
  return { name, in: 'query', description, schema: { type: 'string' } }
}

function get(summary: string, parameters: readonly Operation[] = []): { readonly get: Operation } {
  return { get: { ...operation(summary), parameters } }
}

function post(summary: string, body?: z.ZodType): { readonly post: Operation } {
  const content = body && { 'application/json': { schema: z.toJSONSchema(body, { io: 'input' }) } }
  return { post: { ...operation(summary), ...(content ? { requestBody: { required: true, content } } : {}) } }
}

function operation(summary: string): Operation {
  const problem = { content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } }
  return {
    summary,
    responses: {
      '2XX': { description: 'Done', content: { 'application/json': {} } },
      '4XX': { description: 'Not done, with the reason', ...problem },
    },
  }
}
