import { readFileSync } from 'node:fs'
import { request } from 'undici'
import { RefusedError, TransientError, reasonOf } from '../runtime/errors.ts'
import { DataDirectory } from './data-directory.ts'

/** The API of the daemon that runs on a data directory, for verbs that change something. */
export class RemoteDesk {
  readonly #address: string
  readonly #token: string
  readonly #user: string

  private constructor(address: string, token: string, user: string) {
    this.#address = address
    this.#token = token
    this.#user = user
  }

  /** Finds the daemon through what it notes in its data directory. Throws RefusedError, with the cure, when none runs. */
  static find(data: string, user: string): RemoteDesk {
    const directory = new DataDirectory(data)
    const running = directory.console()
    if (!running)
      throw new RefusedError(
        `no daemon has run on ${directory.path}; start one with \`modelward run\`, or name another with --data`,
      )
    try {
      return new RemoteDesk(running.address, readFileSync(directory.file('console.token'), 'utf8').trim(), user)
    } catch (cause) {
      throw new RefusedError(`the console token of ${directory.path} cannot be read: run this as the daemon's user`, {
        cause,
      })
    }
  }

  get<T>(path: string): Promise<T> {
    return this.#call<T>('GET', path)
  }

  post<T>(path: string, body: Readonly<Record<string, unknown>> = {}): Promise<T> {
    return this.#call<T>('POST', path, body)
  }

  delete<T>(path: string): Promise<T> {
    return this.#call<T>('DELETE', path)
  }

  async #call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> {
    const headers = {
      authorization: `Bearer ${this.#token}`,
      'x-modelward-user': this.#user,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    try {
      const reply = await request(new URL(path, this.#address), {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        headersTimeout: 30_000,
      })
      const answer = (await reply.body.json()) as T & { readonly error?: { readonly message: string } }
      if (reply.statusCode >= 400)
        throw new RefusedError(answer.error?.message ?? `the daemon answered ${reply.statusCode}`)
      return answer
    } catch (cause) {
      if (cause instanceof RefusedError) throw cause
      throw new TransientError(`no daemon answers at ${this.#address} (is it running?): ${reasonOf(cause)}`, { cause })
    }
  }
}
