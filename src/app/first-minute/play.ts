import { appendFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fetch } from 'undici'
import type { Clock, Log, Random } from '../../contract/plugin.ts'
import { reasonOf } from '../../runtime/errors.ts'
import { ordinaryOperations, rogueOperations } from './azure.ts'
import { callers, ordinaryRequest, stealingRequest } from './inference.ts'

export interface Stage {
  /** Where the HTTP collector listens, once it does: `127.0.0.1:8686`. */
  readonly collector: () => string | undefined
  /** The folder that the file collector reads. */
  readonly folder: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Between two beats; tests make it short. */
  readonly beatMs?: number
}

const BEATS = 24

/**
 * A small scenario of our own making through the real collectors: three applications work, then one key begins to steal a
 * model's last layer, and an administrator weakens a storage account and takes keys.
 */
export async function playFirstMinute(stage: Stage, signal: AbortSignal): Promise<void> {
  const { clock, random, log } = stage
  const file = join(stage.folder, 'insights-activity-logs.json')
  await mkdir(stage.folder, { recursive: true, mode: 0o700 })
  for (let tries = 0; tries < 50 && stage.collector() === undefined; tries++)
    await clock.sleep(100, signal).catch(() => undefined)
  for (let beat = 0; beat < BEATS && !signal.aborted; beat++) {
    const now = clock.now()
    const requests = callers.flatMap((caller) => [
      ordinaryRequest(caller, now, random),
      ordinaryRequest(caller, now, random),
    ])
    if (beat >= 4 && beat < 16) for (let n = 0; n < 12; n++) requests.push(stealingRequest(now, beat * 12 + n, random))
    try {
      await push(stage.collector(), requests, signal)
      if (beat % 6 === 0) await append(file, ordinaryOperations(now))
      if (beat === 8) await append(file, rogueOperations(now - 4_000))
    } catch (error) {
      if (!signal.aborted) log.warn('the scenario could not be fed', { reason: reasonOf(error) })
    }
    await clock.sleep(stage.beatMs ?? 500, signal).catch(() => undefined)
  }
}

async function push(collector: string | undefined, requests: readonly unknown[], signal: AbortSignal): Promise<void> {
  if (collector === undefined) throw new Error('the HTTP collector does not listen yet')
  const body = requests.map((request) => JSON.stringify(request)).join('\n')
  const reply = await fetch(`http://${collector}/ingest/litellm`, { method: 'POST', body, signal })
  const text = await reply.text()
  if (!reply.ok) throw new Error(`the collector answered ${reply.status}: ${text.slice(0, 200)}`)
}

async function append(file: string, records: readonly unknown[]): Promise<void> {
  await appendFile(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''), { mode: 0o600 })
}
