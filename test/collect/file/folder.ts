import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { Batch, Loss, RawRecord } from '../../../src/contract/record.ts'
import { FileConfig } from '../../../src/collect/file/config.ts'
import { FileCollector } from '../../../src/collect/file/file-collector.ts'
import type { Log } from '../../../src/contract/plugin.ts'
import { given } from '../../support/given.ts'
import type { TestGiven } from '../../support/given.ts'

export interface Warning {
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A real folder and a collector over it whose looks are taken by hand; what it hands over is committed or not. */
class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'modelward-file-'))
  readonly committed = new Map<string, string>()
  readonly records: RawRecord[] = []
  readonly losses: Loss[] = []
  readonly batches: Batch[] = []
  readonly warnings: Warning[] = []
  readonly world: TestGiven = given('files')
  readonly #config: FileConfig
  readonly #once: boolean
  #collector: FileCollector | undefined

  constructor(config: object = {}, once = false) {
    this.#config = FileConfig.parse({ paths: [join(this.path, '*.log*')], ...config })
    this.#once = once
  }

  at(name: string): string {
    return join(this.path, name)
  }

  get collector(): FileCollector {
    const log: Log = {
      ...this.world.log,
      warn: (message, fields = {}) => void this.warnings.push({ message, fields }),
    }
    this.#collector ??= new FileCollector(this.#config, {
      ...this.world,
      log,
      positions: new Map(this.committed),
      directory: this.at('unused'),
      ...(this.#once ? { once: true } : {}),
    })
    return this.#collector
  }

  /** Looks until there is nothing more; commits every batch, or only the first `commits`. Gives the records as text. */
  async look(commits = Infinity): Promise<string[]> {
    const from = this.records.length
    let seen = 0
    for (let isMore = true; isMore;) {
      const poll = this.collector.poll(new AbortController().signal)
      for (let step = await poll.next(); ; step = await poll.next()) {
        if (step.done) {
          isMore = step.value
          break
        }
        this.batches.push(step.value)
        this.records.push(...step.value.records)
        this.losses.push(...(step.value.losses ?? []))
        if (seen++ < commits) this.commit(step.value)
      }
    }
    return this.records.slice(from).map(textOf)
  }

  commit(batch: Batch): void {
    for (const { stream, value } of batch.positions)
      if (value === null) this.committed.delete(stream)
      else this.committed.set(stream, value)
  }

  /** The daemon ends, cleanly or not: only what was committed is left. */
  async stop(): Promise<void> {
    await this.#collector?.[Symbol.asyncDispose]()
    this.#collector = undefined
  }

  pass(ms: number): void {
    this.world.clock.advanceTo(this.world.clock.now() + ms)
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.path, { recursive: true, force: true })
  }
}

export function textOf(record: RawRecord): string {
  return record.refused ? `!${record.refused.reason}` : Buffer.from(record.bytes).toString('latin1')
}

/** Records numbered from `from`, one a line. */
export function lines(from: number, count: number): string {
  return Array.from({ length: count }, (_, index) => `${line(from + index)}\n`).join('')
}

export function line(number: number): string {
  return `{"n":${number},"text":"record ${number} of the test"}`
}

export function numbered(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => line(from + index))
}

const open: Folder[] = []

/** A folder that is removed after the test. */
export function folder(config: object = {}, once = false): Folder {
  const made = new Folder(config, once)
  open.push(made)
  return made
}

afterEach(async () => {
  for (const made of open.splice(0)) await made.remove()
})

export const FIVE_MINUTES = 300_000
