import { closeSync, existsSync, fdatasyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Batch } from '../../src/contract/record.ts'
import { HttpConfig } from '../../src/collect/http/config.ts'
import { openHttp } from '../../src/collect/http/http.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { reasonOf } from '../../src/runtime/errors.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { MetricRegistry } from '../../src/runtime/metrics.ts'
import { systemRandom } from '../../src/runtime/random.ts'

/**
 * A small daemon for fault tests: `node journal-child.ts DIRECTORY [CONFIG]` listens, prints its address as the first
 * line, and commits every batch as one line of DIRECTORY/committed.ndjson: positions and records together, so that a kill
 * leaves both or neither. It ends with 1 when reading fails, as the daemon does.
 */
interface Committed {
  readonly positions: Batch['positions']
  readonly records: readonly string[]
}

async function main(directory: string, config: unknown): Promise<void> {
  const store = openStore(join(directory, 'committed.ndjson'))
  const given = {
    name: 'push',
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    metrics: new MetricRegistry(),
  }
  const context = { ...given, positions: store.positions, directory: join(directory, 'journal') }
  const collector = await openHttp(HttpConfig.parse(config), context)
  process.stdout.write(`${collector.address}\n`)
  for await (const batch of collector.read(new AbortController().signal)) {
    store.commit(batch)
    await batch.ack()
  }
}

function openStore(path: string): { positions: Map<string, string>; commit: (batch: Batch) => void } {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  const positions = new Map<string, string>()
  for (const line of whole.split('\n').slice(0, -1))
    for (const { stream, value } of (JSON.parse(line) as Committed).positions)
      if (value !== null) positions.set(stream, value)
  const file = openSync(path, 'a')
  ftruncateSync(file, Buffer.byteLength(whole))
  process.once('exit', () => closeSync(file))
  return {
    positions,
    commit(batch) {
      const records = batch.records.map((record) =>
        record.refused ? record.refused.reason : Buffer.from(record.bytes).toString(),
      )
      writeSync(file, `${JSON.stringify({ positions: batch.positions, records } satisfies Committed)}\n`)
      fdatasyncSync(file)
    },
  }
}

main(process.argv[2] ?? '', JSON.parse(process.argv[3] ?? '{"listen":"127.0.0.1:0","minFreeBytes":0}')).catch(
  (error: unknown) => {
    process.stderr.write(`${reasonOf(error)}\n`)
    process.exit(1)
  },
)
