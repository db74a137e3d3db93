import { readFile } from 'node:fs/promises'
import { Agent, FormData, fetch } from 'undici'
import { RefusedError } from '../../runtime/errors.ts'
import type { SecretRef } from '../../runtime/secret.ts'

export interface KibanaConnection {
  /** Where Kibana is, with its base path; `…/s/<space>` for a space other than the default one. */
  readonly url: string
  readonly auth?: { readonly apiKey: SecretRef } | { readonly username: string; readonly password: SecretRef }
  /** File of PEM certificates to trust instead of the system's. */
  readonly ca?: string
}

/**
 * Imports saved objects (NDJSON) by Kibana's API, over those with the same ids; answers how many. Throws RefusedError with
 * the status, or with what Kibana says about single objects. Kibana checks little of what is inside a dashboard.
 */
export async function importSavedObjects(
  kibana: KibanaConnection,
  ndjson: string,
  signal: AbortSignal,
): Promise<number> {
  const dispatcher = new Agent(kibana.ca === undefined ? {} : { connect: { ca: await readFile(kibana.ca, 'utf8') } })
  try {
    const form = new FormData()
    form.set('file', new File([ndjson], 'modelward.ndjson', { type: 'application/ndjson' }))
    const base = kibana.url.endsWith('/') ? kibana.url : `${kibana.url}/`
    const response = await fetch(new URL('api/saved_objects/_import?overwrite=true', base), {
      method: 'POST',
      headers: { 'kbn-xsrf': 'modelward', ...(await authorization(kibana)) },
      body: form,
      redirect: 'error',
      dispatcher,
      signal,
    })
    if (!response.ok) throw new RefusedError(`Kibana answered ${response.status} to the import of saved objects`)
    return imported(await response.json())
  } finally {
    await dispatcher.destroy()
  }
}

function imported(answer: unknown): number {
  const { success, successCount, errors } = (answer ?? {}) as {
    success?: unknown
    successCount?: unknown
    errors?: unknown
  }
  if (success === true && typeof successCount === 'number') return successCount
  throw new RefusedError(`Kibana did not import the saved objects: ${JSON.stringify(errors ?? answer).slice(0, 1000)}`)
}

async function authorization({ auth }: KibanaConnection): Promise<Record<string, string>> {
  if (auth === undefined) return {}
  if ('apiKey' in auth) return { authorization: `ApiKey ${(await auth.apiKey.read()).reveal()}` }
  const pair = `${auth.username}:${(await auth.password.read()).reveal()}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}
