import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { Batch, Collector, RawRecord } from '../../../src/contract/record.ts'
import { HttpConfig } from '../../../src/collect/http/config.ts'
import { openHttp } from '../../../src/collect/http/http.ts'
import type { Disk } from '../../../src/collect/journal/disk.ts'
import { type TestGiven, given } from '../../support/given.ts'

/** A collector on a free port with a journal of its own, and the positions that a store would keep for it. */
export class Serving {
  readonly directory: string
  readonly given: TestGiven = given('push')
  readonly positions = new Map<string, string>()
  collector: Collector
  #config: unknown

  static async open(config: Record<string, unknown> = {}, disk?: Disk): Promise<Serving> {
    const directory = await mkdtemp(join(tmpdir(), 'collect-http-'))
    const serving = new Serving(directory)
    try {
      await serving.start(config, disk)
      return serving
    } catch (error) {
      await rm(directory, { recursive: true })
      throw error
    }
  }

  private constructor(directory: string) {
    this.directory = directory
    this.collector = undefined as unknown as Collector
  }

  async start(config: Record<string, unknown> = {}, disk?: Disk): Promise<void> {
    this.#config = { listen: '127.0.0.1:0', minFreeBytes: 0, ...config }
    const context = { ...this.given, positions: this.positions, directory: join(this.directory, 'push') }
    this.collector = await openHttp(HttpConfig.parse(this.#config), context, disk)
  }

  /** As after a crash: nothing that was read and not committed counts. */
  async restart(config: Record<string, unknown> = {}, disk?: Disk): Promise<void> {
    await this.collector[Symbol.asyncDispose]()
    await this.start(config, disk)
  }

  url(path = '/'): string {
    return `http://${this.collector.address}${path}`
  }

  async post(body: RequestInit['body'], headers: Record<string, string> = {}, path = '/'): Promise<Response> {
    return fetch(this.url(path), { method: 'POST', body: body ?? null, headers })
  }

  /** Batches until `enough` records are there; they are neither committed nor acknowledged. */
  async batches(enough: number): Promise<Batch[]> {
    const stop = new AbortController()
    const batches: Batch[] = []
    let count = 0
    for await (const batch of this.collector.read(stop.signal)) {
      batches.push(batch)
      count += batch.records.length
      if (count >= enough) stop.abort()
    }
    return batches
  }

  async records(enough: number): Promise<RawRecord[]> {
    return (await this.batches(enough)).flatMap((batch) => batch.records)
  }

  /** What a store does: keeps the positions, then acknowledges. */
  async commit(batch: Batch): Promise<void> {
    for (const { stream, value } of batch.positions)
      if (value === null) this.positions.delete(stream)
      else this.positions.set(stream, value)
    await batch.ack()
  }

  async close(): Promise<void> {
    await this.collector[Symbol.asyncDispose]()
    await rm(this.directory, { recursive: true })
  }
}

export function text(record: RawRecord): string {
  return Buffer.from(record.bytes).toString()
}

/** What stays the same when a record is read again. */
export function identity({ source, stream, offset, bytes, format, refused, receivedAt }: RawRecord): unknown {
  return { source, stream, offset, text: Buffer.from(bytes).toString(), format, refused, receivedAt }
}

const open: Serving[] = []
afterEach(async () => {
  for (const serving of open.splice(0)) await serving.close()
})

/** A collector that is closed after the test. */
export async function serving(...parts: Parameters<typeof Serving.open>): Promise<Serving> {
  const server = await Serving.open(...parts)
  open.push(server)
  return server
}

/** What a refusal says: its status, code and the number of the record. */
export async function problem(response: Response): Promise<{ status: number; code: string; record?: number }> {
  const { error } = (await response.json()) as { error: { code: string; message: string; record?: number } }
  const { code, record } = error
  return { status: response.status, code, ...(record === undefined ? {} : { record }) }
}
