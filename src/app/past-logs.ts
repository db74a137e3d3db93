import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { CollectorContext } from '../collect/context/collector-context.ts'
import { file as fileCollector } from '../collect/file/file.ts'
import type { Event, Normalizer } from '../contract/event.ts'
import type { Collector } from '../contract/record.ts'
import { systemClock } from '../runtime/clock.ts'
import { UsageError } from '../runtime/errors.ts'
import type { Lifetime } from '../runtime/lifetime.ts'
import { ByteBudget } from '../runtime/queue.ts'
import type { Config } from './config/load.ts'
import type { Instance } from './config/instances.ts'
import { formatNames } from './config/source-formats.ts'
import { Intake } from './intake.ts'
import type { World } from './wiring.ts'

const LONGEST_WAIT_MS = 1_000

/** Past logs as a source that ends. `paths` are of `findLogs`. Throws UsageError for a format that there is not. */
export function openPastLogs(config: Config, world: World, paths: readonly string[], format?: string): Intake {
  if (format !== undefined) checkFormat(config, format)
  return new Intake({
    ...world,
    clock: systemClock,
    sources: [sourceOf(paths, format)],
    budget: new ByteBudget(config.shape.memory.budgetMiB * 2 ** 20),
    directoryOf: () => '',
    positionsOf: () => new Map(),
    once: true,
  })
}

/** Said before anything is read: else every record would be put aside for it. */
function checkFormat({ mappings, shape }: Config, format: string): void {
  const names = formatNames(mappings, shape.normalize.disabled)
  if (!names.includes(format)) throw new UsageError(`--format ${format}: use one of ${names.join(', ')}`)
}

function sourceOf(paths: readonly string[], format: string | undefined): Instance<Collector, CollectorContext> {
  const config = fileCollector.config.parse({
    paths: paths.map(escapeGlob),
    ...(format === undefined ? {} : { format }),
  })
  return {
    name: 'replay',
    kind: 'file',
    plugin: fileCollector,
    config,
  }
}

/** Folders become all files below them; standard input becomes a file that is gone afterwards. */
export async function findLogs(paths: readonly string[], life: Lifetime): Promise<readonly string[]> {
  const found: string[] = []
  for (const path of paths) {
    if (path === '-') {
      const folder = await mkdtemp(join(tmpdir(), 'modelward-stdin-'))
      life.defer('standard input', () => rm(folder, { recursive: true }))
      const spool = join(folder, 'stdin')
      await pipeline(process.stdin, createWriteStream(spool, { mode: 0o600 }))
      found.push(spool)
      continue
    }
    const at = await stat(path).catch(() => undefined)
    if (!at) throw new UsageError(`there is no file or folder ${path}`)
    found.push(...(at.isDirectory() ? await logsBelow(path) : [path]).map((file) => resolve(file)))
  }
  return found
}

/** JSON and log files, rotated and gzipped ones too; what else lies in a folder (a licence, a picture) is no log. */
const LOG = /\.(json|ndjson|jsonl|log)(\.[0-9]+|-[0-9]{8})?(\.gz)?$/i

async function logsBelow(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true })
  const logs = names.filter((name) => LOG.test(name)).toSorted()
  if (logs.length === 0)
    throw new UsageError(
      `${folder} holds no .json, .ndjson, .jsonl or .log file, plain or .gz; name the files themselves`,
    )
  return logs.map((name) => join(folder, name))
}

function escapeGlob(path: string): string {
  return path.replaceAll(/[[\]{}()*?!\\]/g, String.raw`\$&`)
}

/** Hands on the events of all records that can be read, batch by batch, in order. */
export async function readEvents(
  intake: Intake,
  normalizer: Normalizer,
  signal: AbortSignal,
  work: (events: readonly Event[]) => Promise<void>,
): Promise<void> {
  const reading = intake.run(signal)
  while (!signal.aborted && !intake.ended) {
    const batch = await intake.next(LONGEST_WAIT_MS)
    if (!batch) continue
    const results = batch.records.map((record) => normalizer.normalize(record))
    await work(results.flatMap((result) => ('events' in result ? result.events : [])))
    await batch.ack()
    intake.done(batch)
  }
  await reading
  signal.throwIfAborted()
}
