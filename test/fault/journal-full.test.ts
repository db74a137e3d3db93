import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Collector, RawRecord } from '../../src/contract/record.ts'
import type { CollectorContext } from '../../src/collect/context/collector-context.ts'
import { HttpConfig } from '../../src/collect/http/config.ts'
import { openHttp } from '../../src/collect/http/http.ts'
import { given } from '../support/given.ts'

let mounted: string | undefined
afterEach(() => {
  if (mounted === undefined) return
  execFileSync('umount', ['-l', mounted])
  rmSync(mounted, { recursive: true })
  mounted = undefined
})

/** A file system of its own, smaller than one segment; undefined when this user may not mount. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'journal-full-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=600k', 'modelward-test', folder], { stdio: 'pipe' })
    return (mounted = folder)
  } catch {
    rmSync(folder, { recursive: true })
    return undefined
  }
}

/** A collector on that disk and a reader that commits at once, or not until told to. */
class Reading {
  readonly seen: number[] = []
  readonly #context: CollectorContext
  readonly #positions: Map<string, string>
  #collector: Collector | undefined
  #stop = new AbortController()
  #done: Promise<void> = Promise.resolve()
  #gate = Promise.withResolvers<void>()

  constructor(folder: string) {
    this.#positions = new Map()
    this.#context = { ...given('push'), positions: this.#positions, directory: join(folder, 'push') }
  }

  async start(): Promise<void> {
    this.#stop = new AbortController()
    this.#collector = await openHttp(HttpConfig.parse({ listen: '127.0.0.1:0', minFreeBytes: 0 }), this.#context)
    this.#done = this.#read(this.#collector)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#collector?.[Symbol.asyncDispose]()
    await this.#done
  }

  async drain(enough: number): Promise<void> {
    this.#gate.resolve()
    await expect.poll(() => this.seen.length).toBe(enough)
    this.#gate = Promise.withResolvers<void>()
  }

  async post(id: number): Promise<Response> {
    const body = JSON.stringify({ id, pad: 'x'.repeat(40_000) })
    return fetch(`http://${this.#collector?.address}/`, { method: 'POST', body })
  }

  async #read(collector: Collector): Promise<void> {
    for await (const batch of collector.read(this.#stop.signal)) {
      if (batch.records.length > 0) await Promise.race([this.#gate.promise, aborted(this.#stop.signal)])
      if (this.#stop.signal.aborted) return
      this.seen.push(...batch.records.map(idOf))
      for (const { stream, value } of batch.positions) if (value !== null) this.#positions.set(stream, value)
      await batch.ack()
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function idOf({ bytes }: RawRecord): number {
  return (JSON.parse(Buffer.from(bytes).toString()) as { id: number }).id
}

describe('a real disk that runs full', () => {
  test('is answered with 503, never with 2xx, and taken again once what waits is committed', async ({ skip }) => {
    const folder = smallDisk()
    if (folder === undefined && process.env['CI']) throw new Error('mounting a tmpfs needs root')
    skip(folder === undefined, 'mounting a tmpfs needs root')
    const reading = new Reading(folder ?? '')
    await reading.start()
    const accepted: number[] = []
    let id = 0
    for (let round = 0; round < 6; round++) {
      let taken = 0
      for (let refused = 0; refused < 4; id++) {
        const response = await reading.post(id)
        if (response.status === 202) accepted.push(id)
        else {
          expect([response.status, await response.json()]).toMatchObject([503, { error: { code: 'MW_STORE_FULL' } }])
          refused++
        }
        taken += Number(response.status === 202)
        expect(taken).toBeLessThan(40)
      }
      expect(taken, `round ${round}`).toBeGreaterThan(8)
      // With and without a restart, before and after what waits is committed.
      if (round === 1 || round === 3) await restarted(reading)
      await reading.drain(accepted.length)
      if (round === 2 || round === 3) await restarted(reading)
      expect(reading.seen).toEqual(accepted)
    }
    await reading.stop()
  }, 60_000)
})

async function restarted(reading: Reading): Promise<void> {
  await reading.stop()
  await reading.start()
}
