import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { file } from '../../../src/collect/file/file.ts'
import { folder, line, lines, numbered, textOf } from './folder.ts'

describe('growing files', () => {
  test('new lines are read once, with offset, index and path', async () => {
    const logs = folder({ format: 'litellm' })
    writeFileSync(logs.at('app.log'), lines(0, 2))
    expect(await logs.look()).toEqual(numbered(0, 2))
    expect(await logs.look()).toEqual([])
    appendFileSync(logs.at('app.log'), lines(2, 1))
    expect(await logs.look()).toEqual(numbered(2, 1))
    const [first, second, third] = logs.records
    expect(first).toMatchObject({ source: 'files', offset: 0, index: 0, file: logs.at('app.log'), format: 'litellm' })
    expect(second).toMatchObject({ offset: line(0).length + 1, index: 1, receivedAt: logs.world.clock.now() })
    expect(third).toMatchObject({ index: 2, stream: first?.stream })
  })

  test('a restart goes on behind the last committed record', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), lines(0, 3))
    await logs.look()
    await logs.stop()
    appendFileSync(logs.at('app.log'), lines(3, 2))
    expect(await logs.look()).toEqual(numbered(3, 2))
    expect(logs.records.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4])
  })

  test('what was not committed is read again after a kill, under the same stream and offsets', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), lines(0, 3))
    await logs.look(0)
    await logs.stop()
    expect(await logs.look()).toEqual(numbered(0, 3))
    const places = logs.records.map(({ stream, offset, index }) => ({ stream, offset, index }))
    expect(places.slice(3)).toEqual(places.slice(0, 3))
  })

  test('a partial line waits, is completed later, and is one record even over a restart', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), `${lines(0, 2)}${line(2).slice(0, 9)}`)
    expect(await logs.look()).toEqual(numbered(0, 2))
    await logs.stop()
    logs.pass(3_600_000)
    expect(await logs.look()).toEqual([])
    appendFileSync(logs.at('app.log'), line(2).slice(9, 20))
    expect(await logs.look()).toEqual([])
    appendFileSync(logs.at('app.log'), `${line(2).slice(20)}\n${line(3)}`)
    expect(await logs.look()).toEqual(numbered(2, 1))
  })

  test('an unfinished last line is a record after flushPartialAfterMs, when that is set', async () => {
    const logs = folder({ flushPartialAfterMs: 1000 })
    writeFileSync(logs.at('app.log'), 'text without end')
    expect(await logs.look()).toEqual([])
    logs.pass(1000)
    expect(await logs.look()).toEqual(['text without end'])
    expect(await logs.look()).toEqual([])
  })

  test('a line over the limit is refused once and the next is intact', async () => {
    const logs = folder({ recordLimit: 1024, batchBytes: 4096 })
    writeFileSync(logs.at('app.log'), `${lines(0, 1)}${'x'.repeat(3_000_000)}`)
    expect(await logs.look()).toEqual([line(0), '!record_too_long'])
    await logs.stop()
    appendFileSync(logs.at('app.log'), `${'x'.repeat(1000)}\n${lines(1, 1)}`)
    expect(await logs.look()).toEqual([line(1)])
  })

  test('a batch holds no more than its bytes, and its position is exactly behind its last record', async () => {
    const logs = folder({ batchBytes: 8192 })
    writeFileSync(logs.at('app.log'), lines(0, 2000))
    expect(await logs.look(3)).toEqual(numbered(0, 2000))
    for (const batch of logs.batches)
      expect(batch.records.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(8192)
    const committed = logs.batches.slice(0, 3).flatMap(({ records }) => records).length
    await logs.stop()
    expect(await logs.look()).toEqual(numbered(committed, 2000 - committed))
  })

  test('invalid UTF-8 is kept byte for byte', async () => {
    const logs = folder()
    const bytes = Buffer.from([0x7b, 0x22, 0xff, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d])
    writeFileSync(logs.at('app.log'), Buffer.concat([bytes, Buffer.from('\n')]))
    await logs.look()
    expect(Buffer.from(logs.records[0]?.bytes ?? [])).toEqual(bytes)
  })

  test('another encoding is read as UTF-8, also over a restart and by halves of a character', async () => {
    const logs = folder({ encoding: 'utf-16le' })
    const text = Buffer.from(`\uFEFF{"a":"é"}\n{"a":"漢字"}\n{"a":"x"}\n`, 'utf16le')
    writeFileSync(logs.at('app.log'), text.subarray(0, 33))
    await logs.look()
    await logs.stop()
    appendFileSync(logs.at('app.log'), text.subarray(33, 50))
    await logs.look()
    appendFileSync(logs.at('app.log'), text.subarray(50))
    await logs.look()
    expect(logs.records.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([
      '{"a":"é"}',
      '{"a":"漢字"}',
      '{"a":"x"}',
    ])
  })

  test('from end: what is there at the very first start is left out, what comes later is not', async () => {
    const logs = folder({ from: 'end' })
    writeFileSync(logs.at('app.log'), `${lines(0, 100)}${line(100).slice(0, 5)}`)
    expect(await logs.look()).toEqual([])
    appendFileSync(logs.at('app.log'), `${line(100).slice(5)}\n${lines(101, 2)}`)
    writeFileSync(logs.at('new.log'), lines(200, 1))
    expect(await logs.look()).toEqual([...numbered(101, 2), line(200)])
    await logs.stop()
    appendFileSync(logs.at('app.log'), lines(103, 1))
    expect(await logs.look()).toEqual([line(103)])
  })
})

describe('packed files', () => {
  test('are read through all their members, and once', async () => {
    const logs = folder()
    writeFileSync(logs.at('a.log.gz'), Buffer.concat([gzipSync(lines(0, 3)), gzipSync(`${lines(3, 2)}${line(5)}`)]))
    expect(await logs.look()).toEqual(numbered(0, 6))
    expect(await logs.look()).toEqual([])
    await logs.stop()
    expect(await logs.look()).toEqual([])
  })

  test('that are still being written are waited for', async () => {
    const logs = folder()
    const packed = gzipSync(lines(0, 500))
    const all: string[] = []
    for (const size of [1, 5, 600, packed.length - 1]) {
      writeFileSync(logs.at('a.log.gz'), packed.subarray(0, size))
      all.push(...(await logs.look()))
      if (size === 600) await logs.stop()
      logs.pass(60_000)
    }
    expect(all).toEqual(numbered(0, all.length))
    writeFileSync(logs.at('a.log.gz'), packed)
    all.push(...(await logs.look()))
    expect(all).toEqual(numbered(0, 500))
  })

  test('that are corrupt give what can be unpacked, and one refusal', async () => {
    const logs = folder()
    const packed = gzipSync(lines(0, 2000), { level: 1 })
    packed.fill(0xff, packed.length / 2, packed.length / 2 + 50)
    writeFileSync(logs.at('a.log.gz'), packed)
    const texts = await logs.look()
    expect(texts.filter((text) => text.startsWith('!'))).toEqual(['!corrupt_gzip'])
    expect(texts.at(-1)).toBe('!corrupt_gzip')
    expect(texts.slice(0, 100)).toEqual(numbered(0, 100))
    expect(logs.records.at(-1)?.refused?.detail).toContain(logs.at('a.log.gz'))
    expect(logs.records.map(({ index }) => index)).toEqual(texts.map((_, index) => index))
    await logs.stop()
    expect(await logs.look()).toEqual([])
  })

  test('unpack in flat memory, however much comes out', async () => {
    const logs = folder({ recordLimit: 4096 })
    const bomb = execFileSync('sh', ['-c', 'head -c 100000000 /dev/zero | tr "\\0" x | gzip -1'], { maxBuffer: 1e8 })
    writeFileSync(logs.at('bomb.log.gz'), Buffer.concat([bomb, gzipSync(`\n${lines(0, 1)}`)]))
    const before = process.memoryUsage().rss
    expect(await logs.look()).toEqual(['!record_too_long', line(0)])
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * 1024 * 1024)
  })
})

describe('finding files', () => {
  test('a file that is matched twice, or linked to, is read once', async () => {
    const logs = folder()
    mkdirSync(logs.at('elsewhere'))
    writeFileSync(logs.at('elsewhere/real'), lines(0, 2))
    symlinkSync(logs.at('elsewhere/real'), logs.at('a.log'))
    symlinkSync(logs.at('elsewhere/real'), logs.at('b.log'))
    expect(await logs.look()).toEqual(numbered(0, 2))
    appendFileSync(logs.at('elsewhere/real'), lines(2, 1))
    expect(await logs.look()).toEqual([line(2)])
  })

  test('more files than are kept open are followed all the same', async () => {
    const logs = folder()
    const names = Array.from({ length: 530 }, (_, number) => logs.at(`${String(number).padStart(3, '0')}.log`))
    for (const [number, name] of names.entries()) writeFileSync(name, lines(number, 1))
    expect(await logs.look()).toEqual(numbered(0, names.length))
    for (const [number, name] of names.entries()) appendFileSync(name, lines(1000 + number, 1))
    expect(await logs.look()).toEqual(numbered(1000, names.length))
    const descriptors = readdirSync('/proc/self/fd').map((number) => pathOf(number))
    expect(descriptors.filter((path) => path.startsWith(logs.path))).toHaveLength(512)
  })

  test('of files found in one look the one that was last written first comes first, and excluded ones not', async () => {
    const logs = folder({ exclude: ['**/*secret*'] })
    for (const [at, name] of ['c.log', 'a.log', 'a.log.1', 'a.log.10', 'a.log.2', 'secret.log', 'b.log'].entries()) {
      writeFileSync(logs.at(name), `${name} ${at}\n`)
      // Two at a time, of equal age: by name then.
      utimesSync(logs.at(name), 1_000, 9_000 - Math.floor(at / 2) * 100)
    }
    expect(await logs.look()).toEqual(['b.log 6', 'a.log.2 4', 'a.log.1 2', 'a.log.10 3', 'a.log 1', 'c.log 0'])
  })

  test('what cannot be read is complained about once, with a cure, and the others go on', async () => {
    const logs = folder()
    mkdirSync(logs.at('folder.log'))
    symlinkSync(logs.at('loop.log'), logs.at('loop.log'))
    writeFileSync(logs.at('z.log'), lines(0, 1))
    expect(await logs.look()).toEqual([line(0)])
    await logs.look()
    expect(logs.warnings.map(({ fields }) => [fields['path'], fields['code']])).toEqual([
      [logs.at('folder.log'), 'EISDIR'],
      [logs.at('loop.log'), 'ELOOP'],
    ])
    expect(logs.warnings[0]?.fields['cure']).toContain('name the files in it')
  })

  test('a position of another version is said to be strange and the file read again', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), lines(0, 1))
    logs.committed.set('strange', '{"v":99}')
    expect(await logs.look()).toEqual([line(0)])
    expect(logs.warnings).toHaveLength(1)
    expect([...logs.committed.keys()]).toEqual([logs.records[0]?.stream])
  })
})

function pathOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return ''
  }
}

describe('reading', () => {
  test('once: every file to its end by name, the last line with or without its newline, then it returns', async () => {
    const logs = folder({}, true)
    writeFileSync(logs.at('b.log'), `${lines(2, 1)}${line(3)}`)
    writeFileSync(logs.at('a.log.gz'), gzipSync(lines(0, 2)))
    writeFileSync(logs.at('c.log.gz'), gzipSync(lines(4, 2)).subarray(0, -9))
    const texts: string[] = []
    for await (const batch of logs.collector.read(new AbortController().signal))
      texts.push(...batch.records.map(textOf))
    expect(texts).toEqual([...numbered(0, 6), '!incomplete_gzip'])
  })

  test('once: a packed file beside its original is not read twice, one with other content is read', async () => {
    const logs = folder({}, true)
    writeFileSync(logs.at('a.log'), lines(0, 2))
    writeFileSync(logs.at('a.log.gz'), gzipSync(lines(0, 2)))
    writeFileSync(logs.at('b.log'), lines(2, 2))
    writeFileSync(logs.at('b.log.gz'), gzipSync(lines(4, 2)))
    const texts: string[] = []
    for await (const batch of logs.collector.read(new AbortController().signal))
      texts.push(...batch.records.map(textOf))
    expect(texts).toEqual(numbered(0, 6))
  })

  test('waits between looks, and returns when it is told to stop', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), lines(0, 1))
    const stop = new AbortController()
    const reading = logs.collector.read(stop.signal)
    expect((await reading.next()).value?.records.map(textOf)).toEqual([line(0)])
    const waiting = reading.next()
    appendFileSync(logs.at('app.log'), lines(1, 1))
    // The collector sleeps on the clock of the test; only then does a step of it count.
    while (logs.collector.lag()[0]?.bytes !== 0) await new Promise(setImmediate)
    await new Promise(setImmediate)
    const ticking = setInterval(() => logs.pass(250), 1)
    expect((await waiting).value?.records.map(textOf)).toEqual([line(1)])
    clearInterval(ticking)
    stop.abort()
    expect((await reading.next()).done).toBe(true)
  })

  test('lag and metrics tell what is known to be unread', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), `${lines(0, 1)}partial`)
    await logs.look()
    expect(logs.collector.lag()).toMatchObject([
      { file: logs.at('app.log'), bytes: 7, lastReadAt: logs.world.clock.now() },
    ])
    expect(await logs.world.metrics.values('modelward_source_lag_bytes')).toMatchObject([{ value: 7 }])
    expect(await logs.world.metrics.values('modelward_component_received_bytes_total')).toMatchObject([
      { value: line(0).length },
    ])
  })
})

describe('config', () => {
  test('examples are valid, unknown keys are not', () => {
    for (const example of file.examples) expect(file.config.safeParse(example).success).toBe(true)
    expect(file.config.safeParse({ paths: ['/x'], path: '/y' }).success).toBe(false)
    expect(file.config.safeParse({ paths: [] }).success).toBe(false)
  })

  test('opens without touching the files', async () => {
    const logs = folder()
    const collector = await file.open(file.config.parse({ paths: ['/nowhere/*.log'] }), {
      ...logs.world,
      positions: new Map(),
      directory: logs.path,
    })
    expect(collector.lag()).toEqual([])
    await collector[Symbol.asyncDispose]()
  })
})
