import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { FileConfig } from '../../src/collect/file/config.ts'
import { FileCollector } from '../../src/collect/file/file-collector.ts'
import type { RawRecord } from '../../src/contract/record.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { given } from '../support/given.ts'

const version = versionOf('logrotate')
if (version === undefined) process.stderr.write('skipping the tests with a real logrotate: it is not installed\n')

function versionOf(program: string): string | undefined {
  try {
    return execFileSync(program, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (cause) {
    if (process.env['CI']) throw new Error(`${program} must be installed for this test in CI`, { cause })
    return undefined
  }
}

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

interface Story {
  readonly written: number
  readonly numbers: readonly number[]
  readonly losses: number
}

/** A program logs as fast as it can while logrotate rotates six times and a collector follows; restarted now and then. */
async function rotated(settings: readonly string[], glob: string): Promise<Story> {
  const folder = mkdtempSync(join(tmpdir(), 'modelward-logrotate-'))
  folders.push(folder)
  const log = join(folder, 'app.log')
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'logrotate-writer.ts'), log])
  let output = ''
  writer.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()))
  const ended = new Promise((resolve) => writer.once('close', resolve))
  const signal = `postrotate\n kill -HUP ${writer.pid}\n endscript`
  const body = [...settings, ...(settings.includes('copytruncate') ? [] : [signal])].join('\n ')
  writeFileSync(join(folder, 'conf'), `${log} {\n rotate 20\n missingok\n ${body}\n}\n`, { mode: 0o644 })

  const follower = new Follower(join(folder, glob))
  for (let rotation = 0; rotation < 6; rotation++) {
    await follower.follow(300)
    execFileSync('logrotate', ['-f', '-s', join(folder, 'state'), join(folder, 'conf')])
    if (rotation % 3 === 2) await follower.restart()
  }
  await follower.follow(100)
  writer.kill('SIGTERM')
  await ended
  await follower.follow(600)
  await follower.restart()
  const numbers = follower.records.map((record) => numberOf(record))
  return { written: Number(output), numbers, losses: follower.losses }
}

class Follower {
  readonly records: RawRecord[] = []
  losses = 0
  readonly #positions = new Map<string, string>()
  readonly #glob: string
  #collector: FileCollector

  constructor(glob: string) {
    this.#glob = glob
    this.#collector = this.#open()
  }

  #open(): FileCollector {
    const config = FileConfig.parse({ paths: [this.#glob], pollMs: 10, closeRotatedAfterMs: 200 })
    const positions = new Map(this.#positions)
    return new FileCollector(config, { ...given('files'), clock: systemClock, positions, directory: '' })
  }

  async follow(ms: number): Promise<void> {
    const until = systemClock.monotonic() + ms
    while (systemClock.monotonic() < until) {
      for await (const batch of this.#collector.poll(new AbortController().signal)) {
        this.records.push(...batch.records)
        this.losses += batch.losses?.length ?? 0
        for (const { stream, value } of batch.positions)
          if (value === null) this.#positions.delete(stream)
          else this.#positions.set(stream, value)
      }
      await wait(5)
    }
  }

  async restart(): Promise<void> {
    await this.#collector[Symbol.asyncDispose]()
    this.#collector = this.#open()
  }
}

function numberOf(record: RawRecord): number {
  const value: unknown = JSON.parse(Buffer.from(record.bytes).toString())
  return typeof value === 'object' && value !== null && 'n' in value ? Number(value.n) : -1
}

describe.skipIf(version === undefined)('logrotate', () => {
  test.each([
    ['create', ['create']],
    ['create and compress', ['create', 'compress', 'delaycompress']],
  ])('%s: every record once', async (_, settings) => {
    const { written, numbers, losses } = await rotated(settings, 'app.log*')
    expect(written).toBeGreaterThan(1000)
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: written }, (_value, n) => n))
    expect(losses).toBe(0)
  })

  test('create, with a glob that does not match the rotated files: nothing twice, little missed', async () => {
    const { written, numbers } = await rotated(['create'], 'app.log')
    // A restart right behind a rotation may find the rest of the old file gone from the glob.
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(numbers.length).toBeGreaterThan(written * 0.8)
  })

  test.each([['app.log'], ['app.log*']])(
    'copytruncate, following %s: nothing twice, nothing invented',
    async (glob) => {
      const { written, numbers } = await rotated(['copytruncate'], glob)
      expect(new Set(numbers).size).toBe(numbers.length)
      expect(Math.max(...numbers)).toBeLessThan(written)
      expect(numbers.length).toBeGreaterThan(written * 0.8)
    },
  )
})
