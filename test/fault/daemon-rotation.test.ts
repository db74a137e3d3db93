import { execFileSync } from 'node:child_process'
import { closeSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test, type TestContext } from 'vitest'
import { type DaemonHouse, eventually, pause } from '../support/daemon.ts'
import { drained, markedHouse, marksOf, type Remembered, remembered, total, trailLine } from '../support/marked.ts'

const open: { stop(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const part of open.splice(0).toReversed()) await part.stop()
})

function newHouse(): DaemonHouse {
  const house = markedHouse({ file: ', closeRotatedAfterMs: 2000' })
  open.push({ stop: () => house.remove() })
  return house
}

async function startReady(house: DaemonHouse): Promise<void> {
  house.start()
  expect(await house.ready()).toBe(true)
}

/** A program that keeps its log open, as most do, and writes marked lines; the newest may be unfinished. */
class Program {
  readonly path: string
  readonly marks: string[] = []
  #file: number
  #unfinished = ''

  constructor(house: DaemonHouse) {
    this.path = house.path('logs/trail.log')
    this.#file = openSync(this.path, 'a')
    open.push({ stop: () => closeSync(this.#file) })
  }

  write(lines: number): void {
    let text = this.#unfinished
    this.#unfinished = ''
    for (let line = 0; line < lines; line++) text += this.#next()
    writeSync(this.#file, text)
  }

  /** Writes the first half of a line; the next `write` begins with the rest. */
  writeHalf(): void {
    const line = this.#next()
    const half = Math.floor(line.length / 2)
    writeSync(this.#file, line.slice(0, half))
    this.#unfinished = line.slice(half)
  }

  /** After a rotation: what is written from now on goes to the new file. */
  reopen(): void {
    closeSync(this.#file)
    this.#file = openSync(this.path, 'a')
  }

  async writeFor(ms: number): Promise<void> {
    for (const until = Date.now() + ms; Date.now() < until; await pause(5)) this.write(4)
  }

  #next(): string {
    const mark = `file-${this.marks.length}`
    this.marks.push(mark)
    return trailLine(mark)
  }
}

function hasLogrotate(context: TestContext): void {
  try {
    execFileSync('logrotate', ['--version'], { stdio: 'ignore' })
  } catch {
    if (process.env['CI']) throw new Error('logrotate must be installed for this test in CI')
    context.skip('logrotate is not installed')
  }
}

/** The newest rotated file is left as it is, for the program may still write to it; the others are packed. */
const PACKED = ['create', 'compress', 'delaycompress']

/** The real logrotate, once, now. */
function logrotate(house: DaemonHouse, program: Program, settings: readonly string[]): void {
  const config = house.path('logrotate.conf')
  const body = ['rotate 20', 'missingok', ...settings].join('\n  ')
  writeFileSync(config, `${program.path} {\n  ${body}\n}\n`, { mode: 0o644 })
  execFileSync('logrotate', ['-f', '-s', house.path('logrotate.state'), config])
}

async function finished(house: DaemonHouse): Promise<Remembered> {
  await pause(500)
  await drained(house, 1)
  expect((await house.status()).degraded).toEqual([])
  const { code, err } = await house.end()
  expect(code).toBe(0)
  expect(err).not.toContain('"level":"error"')
  return remembered(house)
}

/** Each mark once and no other, and the ledger counts exactly those. */
function expectExactly(marks: readonly string[], { alerts, counts, verdict }: Remembered): void {
  const found = marksOf(alerts)
  expect(marks.filter((mark) => found.get(mark) !== 1)).toEqual([])
  expect(found.size).toBe(marks.length)
  expect([total(counts, 'received'), total(counts, 'committed')]).toEqual([marks.length, marks.length])
  expect(verdict.intact).toBe(true)
}

describe('rotation under a daemon at work', () => {
  test('by renaming, compressing, deleting and beginning anew, with restarts and kills in between: every line once', async (context) => {
    hasLogrotate(context)
    const house = newHouse()
    const program = new Program(house)
    await startReady(house)

    // At work; the program goes on in the renamed file for a while before it opens the new one.
    for (const kill of [false, true, false, true]) {
      await program.writeFor(250)
      logrotate(house, program, PACKED)
      await program.writeFor(60)
      program.writeHalf()
      await pause(60)
      if (kill) {
        await house.end('SIGKILL')
        program.write(3)
        program.reopen()
        await startReady(house)
      } else {
        program.write(3)
        program.reopen()
      }
    }

    // While it is down: rotated twice and packed, the first only partly read before.
    await program.writeFor(100)
    await house.end('SIGKILL')
    program.write(400)
    logrotate(house, program, PACKED)
    program.reopen()
    program.write(400)
    logrotate(house, program, PACKED)
    program.reopen()
    program.writeHalf()
    await startReady(house)
    await pause(300)
    program.write(10)

    // Read to its end, deleted and begun anew under the same name, down and up: the inode may be the same.
    for (const isDown of [true, false]) {
      await drained(house, program.marks.length)
      if (isDown) await house.end()
      rmSync(program.path)
      program.reopen()
      program.write(20)
      if (isDown) await startReady(house)
      await program.writeFor(100)
    }
    await drained(house, program.marks.length)
    expectExactly(program.marks, await finished(house))
  })

  test('a last line without an end is kept until it is complete, over a restart and a rename', async () => {
    const house = newHouse()
    const program = new Program(house)
    await startReady(house)
    program.write(5)
    program.writeHalf()
    await eventually(
      'five lines',
      async () => (await house.status()).balance.committed,
      (committed) => committed === 5,
    )
    await house.end()
    renameSync(program.path, `${program.path}.1`)
    await startReady(house)
    await pause(300)
    expect((await house.status()).balance.received).toBe(5)
    program.write(1)
    await drained(house, 7)
    expectExactly(program.marks, await finished(house))
  })

  test('a log that was packed while the daemon was down goes on where it was', async () => {
    const house = newHouse()
    const lines = Array.from({ length: 3_000 }, (_, n) => trailLine(`file-${n}`))
    writeFileSync(house.path('logs/trail.log'), lines.slice(0, 1_000).join(''))
    await startReady(house)
    await drained(house, 1_000)
    await house.end('SIGKILL')
    rmSync(house.path('logs/trail.log'))
    writeFileSync(house.path('logs/trail.log.1.gz'), gzipSync(lines.slice(0, 2_000).join('')))
    writeFileSync(house.path('logs/trail.log'), lines.slice(2_000).join(''))
    await startReady(house)
    await drained(house, 3_000)
    expectExactly(
      lines.map((_, n) => `file-${n}`),
      await finished(house),
    )
  })

  test('by copying and truncating: nothing invented, nothing twice, and what may be lost is counted', async (context) => {
    hasLogrotate(context)
    const house = newHouse()
    const program = new Program(house)
    await startReady(house)
    for (const kill of [false, true, false, false]) {
      await program.writeFor(250)
      logrotate(house, program, ['copytruncate'])
      if (kill) {
        await house.end('SIGKILL')
        await startReady(house)
      }
    }
    await program.writeFor(100)
    const { alerts, counts, verdict } = await finished(house)
    const found = marksOf(alerts)
    const written = new Set(program.marks)
    expect([...found].filter(([mark, count]) => count !== 1 || !written.has(mark))).toEqual([])
    const missing = program.marks.filter((mark) => !found.has(mark))
    if (missing.length > 0) expect(total(counts, 'lost', 'logs')).toBeGreaterThan(0)
    expect(missing.length).toBeLessThan(program.marks.length / 10)
    expect(total(counts, 'received')).toBe(found.size)
    expect(verdict.intact).toBe(true)
  })
})
