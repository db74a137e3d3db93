import type { Plugin } from '../../contract/plugin.ts'
import type { Batch, Collector, Loss, SourceLag } from '../../contract/record.ts'
import { Lifetime } from '../../runtime/lifetime.ts'
import type { CollectorContext } from '../context/collector-context.ts'
import type { Disk } from '../journal/disk.ts'
import { Journal } from '../journal/journal.ts'
import type { Mended } from '../journal/recover.ts'
import { isLoopback } from '../../runtime/listen.ts'
import { HttpConfig } from './config.ts'
import { KEYS_META, entryMeta } from './entry-meta.ts'
import { FreeSpace } from './free-space.ts'
import { openGuard } from './guard.ts'
import { IdempotencyKeys } from './idempotency.ts'
import { Listener } from './listener.ts'
import { type JournalPosition, parsePosition } from './position.ts'
import { Receiver } from './receiver.ts'
import { STREAM, batchesOf } from './replay.ts'

/** Records pushed over HTTP: answered 2xx only once they are in a journal on disk. */
export const http: Plugin<Collector, HttpConfig, CollectorContext> = {
  kind: 'http',
  summary: 'Records and OTLP/HTTP JSON pushed to a listening socket; acknowledged once they are on disk',
  needs: ['listen on its address', 'write its journal below the data directory'],
  config: HttpConfig,
  examples: [
    {},
    { listen: '127.0.0.1:0', format: 'litellm' },
    {
      listen: '0.0.0.0:8686',
      auth: { bearer: ['${file:/run/secrets/modelward-token}'] },
      tls: { cert: '/etc/modelward/tls.crt', key: '/etc/modelward/tls.key' },
    },
    { listen: '[::]:8686', auth: { hmac: ['${env:MODELWARD_WEBHOOK_SECRET}'] } },
    {
      listen: '0.0.0.0:8686',
      auth: {
        mtls: {
          ca: '/etc/modelward/clients-ca.crt',
          cert: '/etc/modelward/tls.crt',
          key: '/etc/modelward/tls.key',
          sans: ['DNS:gateway.example.org'],
        },
      },
    },
  ],
  open: (config, context) => openHttp(config, context),
}

/** `disk` stands in for the real one in tests. */
export async function openHttp(config: HttpConfig, context: CollectorContext, disk?: Disk): Promise<Collector> {
  const { clock, positions, directory, log } = context
  const from = parsePosition(positions.get(STREAM))
  const keys = new IdempotencyKeys(clock)
  const life = new Lifetime()
  try {
    const guard = await openGuard(config.auth, clock)
    const journal = life.add('journal', await openJournal(directory, from, keys, clock.now(), disk))
    const space = new FreeSpace(directory, config.minFreeBytes, clock)
    const report = backlogReport(journal, context)
    const receiver = new Receiver({ config, given: context, journal, guard, keys, space, appended: report })
    const listener = life.add('listener', await Listener.open(config, (...each) => receiver.handle(...each), clock))
    if (!isLoopback(config.listen.host) && !config.tls && !config.auth?.mtls)
      log.warn('listening without TLS beyond this machine', { address: listener.address })
    return new HttpCollector({ context, journal, listener, from, life, acked: report })
  } catch (error) {
    await life[Symbol.asyncDispose]()
    throw error
  }
}

function openJournal(
  directory: string,
  from: JournalPosition,
  keys: IdempotencyKeys,
  now: number,
  disk: Disk | undefined,
): Promise<Journal> {
  return Journal.open({
    directory,
    committed: from.at,
    now,
    ...(disk ? { disk } : {}),
    checkpoint: () => (keys.size > 0 ? { meta: KEYS_META, body: keys.toBytes() } : undefined),
    recovered({ meta, body }) {
      const known = entryMeta(meta)
      if (known === 'keys') keys.restore(body)
      else if (known?.key !== undefined && known.body !== undefined)
        keys.remember({ key: known.key, body: known.body }, known.accepted, known.receivedAt)
    },
  })
}

interface Parts {
  readonly context: CollectorContext
  readonly journal: Journal
  readonly listener: Listener
  readonly from: JournalPosition
  readonly life: Lifetime
  readonly acked: () => void
}

class HttpCollector implements Collector {
  readonly #parts: Parts
  readonly #losses: readonly Loss[]
  #lastReadAt = 0

  constructor(parts: Parts) {
    const { context, journal } = parts
    this.#parts = parts
    this.#losses = lossesOf(journal.mended)
    if (this.#losses.length > 0) context.log.warn('journal mended', { losses: this.#losses })
  }

  get address(): string {
    return this.#parts.listener.address
  }

  async *read(signal: AbortSignal): AsyncGenerator<Batch> {
    const { context, journal, from, acked } = this.#parts
    const { name, clock, once } = context
    const replay = { source: name, journal, clock, from, losses: this.#losses, once: once ?? false, acked }
    for await (const batch of batchesOf(replay, signal)) {
      this.#lastReadAt = clock.now()
      yield batch
    }
  }

  lag(): readonly SourceLag[] {
    return [{ stream: STREAM, bytes: this.#parts.journal.backlogBytes, lastReadAt: this.#lastReadAt }]
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.life[Symbol.asyncDispose]()
  }
}

function backlogReport(journal: Journal, { metrics, name }: CollectorContext): () => void {
  const gauge = metrics.gauge('modelward_journal_backlog_bytes', 'Bytes on disk that wait to be evaluated', [
    'component_id',
  ])
  return () => gauge.set(journal.backlogBytes, { component_id: name })
}

/** What the journal could not keep, for the ledger. */
function lossesOf({ tornBytes, setAside }: Mended): readonly Loss[] {
  const torn = { reason: 'journal_torn', detail: 'a write that a crash cut short', bytes: tornBytes }
  const aside = setAside.map((path) => ({
    reason: 'journal_set_aside',
    detail: `no segment, kept as ${path}`,
    bytes: 0,
  }))
  return tornBytes > 0 ? [torn, ...aside] : aside
}
