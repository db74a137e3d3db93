import { readFile } from 'node:fs/promises'
import { Client, Transport } from '@elastic/elasticsearch'
import type { ClientOptions } from '@elastic/elasticsearch'
import { z } from 'zod'
import { secretRef } from '../../runtime/secret.ts'
import { pinnedAuthority } from './pinned-authority.ts'

const MOST_RESPONSE_BYTES = 16 * 1024 * 1024

const auth = z.union([
  z.strictObject({ apiKey: secretRef.describe('The encoded form: base64 of `id:key`.') }),
  z.strictObject({ username: z.string().min(1), password: secretRef }),
  z.strictObject({ bearer: secretRef }),
])

/** How to reach a cluster; part of the sink's config, and of `setup elasticsearch`. */
export const connectionFields = {
  nodes: z
    .array(z.url({ protocol: /^https?$/ }))
    .min(1)
    .describe('Addresses of one or more nodes, or of the load balancer before them.'),
  auth: auth.optional().describe('An API key, a user and password, or a bearer token.'),
  ca: z.string().min(1).optional().describe('File of PEM certificates to trust instead of the system’s.'),
  caFingerprint: z
    .string()
    .regex(/^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, 'must be a SHA-256 fingerprint: 64 hex digits, colons allowed')
    .optional()
    .describe(
      'Trusts the certificate authority with this SHA-256 fingerprint, as Elasticsearch prints it at its first start.',
    ),
  compatibility: z
    .union([z.literal(8), z.literal(9)])
    .default(9)
    .describe('Major version of the cluster; 8 for 8.19.'),
  timeoutMs: z.int().min(100).max(300_000).default(30_000).describe('For one request, in milliseconds.'),
  allowPlainHttp: z.boolean().default(false).describe('Lets `nodes` be http on hosts other than loopback.'),
}

const connection = z.object(connectionFields)
export type Connection = z.infer<typeof connection>

/** What is wrong with the addresses, for a schema's refinement; undefined when nothing is. */
export function nodesProblem(
  connection: Pick<Connection, 'nodes' | 'allowPlainHttp' | 'caFingerprint'>,
): string | undefined {
  for (const node of connection.nodes) {
    const url = new URL(node)
    if (url.username !== '' || url.password !== '') return 'credentials do not belong in the address; use auth'
    if (url.protocol === 'https:') continue
    if (connection.caFingerprint !== undefined) return `caFingerprint needs https, and ${url.host} is http`
    if (!connection.allowPlainHttp && !['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname))
      return `${url.host} is plain http; use https, or say allowPlainHttp: true`
  }
  return undefined
}

/**
 * Reads the secrets and makes a client that never tries again by itself and never looks for other nodes. With a
 * `caFingerprint` it asks a node for its certificates first, and throws UnreachableError when none answers.
 */
export async function openClient(connection: Connection): Promise<Client> {
  const auth = await authOf(connection)
  const ca = await authorityOf(connection)
  const options: ClientOptions = {
    nodes: [...connection.nodes],
    maxRetries: 0,
    requestTimeout: connection.timeoutMs,
    maxResponseSize: MOST_RESPONSE_BYTES,
    maxCompressedResponseSize: MOST_RESPONSE_BYTES,
    enableMetaHeader: false,
    ...(auth === undefined ? {} : { auth }),
    ...(ca === undefined ? {} : { tls: { ca } }),
    ...(connection.compatibility === 8 ? { Transport: Compatible8Transport } : {}),
  }
  return new Client(options)
}

async function authorityOf({ nodes, ca, caFingerprint, timeoutMs }: Connection): Promise<string | undefined> {
  if (caFingerprint !== undefined) return pinnedAuthority(nodes, caFingerprint, timeoutMs)
  return ca === undefined ? undefined : readFile(ca, 'utf8')
}

async function authOf({ auth }: Connection): Promise<ClientOptions['auth']> {
  if (auth === undefined) return undefined
  if ('apiKey' in auth) return { apiKey: (await auth.apiKey.read()).reveal() }
  if ('bearer' in auth) return { bearer: (await auth.bearer.read()).reveal() }
  return { username: auth.username, password: (await auth.password.read()).reveal() }
}

/** Asks for the REST API of version 8, which both 8 and 9 speak; an 8 refuses the client's own `compatible-with=9`. */
class Compatible8Transport extends Transport {
  constructor(options: ConstructorParameters<typeof Transport>[0]) {
    super({
      ...options,
      vendoredHeaders: {
        jsonContentType: 'application/vnd.elasticsearch+json; compatible-with=8',
        ndjsonContentType: 'application/vnd.elasticsearch+x-ndjson; compatible-with=8',
        accept: 'application/vnd.elasticsearch+json; compatible-with=8,text/plain',
      },
    })
  }
}
