import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { isEven } from '../../src/app/status.ts'
import { modelward } from '../support/command.ts'
import { DaemonHouse, eventually } from '../support/daemon.ts'
import { runDaemon, type Running } from '../support/in-process.ts'
import { markedHouse, markRule, marksOf, trailLine } from '../support/marked.ts'

const open: { stop(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const part of open.splice(0).toReversed()) await part.stop()
  expect(({} as { polluted?: unknown }).polluted).toBe(undefined)
})

const TOKEN = 'a-token-of-the-test'
const RULE = '5f2c7a10-9d53-4e8e-9f0a-3d1f5f0c9b77'

const config = `
collect:
  - {kind: file, name: logs, paths: [FOLDER/logs/*], pollMs: 10, recordLimit: 65536}
  - {kind: http, name: push, listen: "127.0.0.1:0", minFreeBytes: 0, auth: {bearer: ["\${env:BAD_INPUT_TOKEN}"]}, limits: {bodyBytes: 4194304, recordBytes: 65536}}
rules: {folders: [FOLDER/rules]}
alert: {group_wait: 0s, group_by: [mark]}
deliver:
  - {kind: file, path: out.ndjson}
`

/** A daemon whose only rule tells of marks. */
async function start(): Promise<Running> {
  process.env['BAD_INPUT_TOKEN'] = TOKEN
  const running = await runDaemon(config)
  open.push(running)
  writeFileSync(join(running.folder, 'rules/mark.yml'), markRule(RULE, 'product: aws, service: cloudtrail'))
  expect(await running.daemon.desk.reload('tester')).toMatchObject({ reloaded: true })
  return running
}

/** Waits until so many records were received and dealt with; what was made of them. */
async function settled({ daemon }: Running, records: number) {
  const { balance } = await eventually(
    `${records} records settled`,
    () => daemon.desk.status(),
    (status) => status.balance.received === records && status.balance.inFlight === 0,
    15_000,
  )
  expect(isEven(balance)).toBe(true)
  return { marks: [...marksOf(daemon.desk.alerts({})).keys()].toSorted(), quarantined: balance.quarantined }
}

const good = (mark: string): Buffer => Buffer.from(trailLine(mark))
const inside = (mark: string, raw: string | Buffer): Buffer => {
  const [head = '', tail = ''] = trailLine(mark, { odd: 'HERE' }).split('"HERE"')
  return Buffer.concat([Buffer.from(head), Buffer.from(raw), Buffer.from(tail)])
}
const deep = (levels: number): string => `{"a":`.repeat(levels) + '1' + '}'.repeat(levels)

function parsed(line: string): { readonly labels: { readonly mark: string } } {
  return JSON.parse(line) as { labels: { mark: string } }
}

/** What stands between two good records of a file, what of it is found, and what is put into the quarantine. */
const contents: readonly {
  readonly what: string
  readonly bytes: Buffer
  readonly found?: boolean
  readonly refused?: string
}[] = [
  { what: 'bytes that are no UTF-8', bytes: inside('odd', Buffer.from([0x22, 0xff, 0xfe, 0xc0, 0x22])), found: true },
  { what: 'an escaped lone surrogate', bytes: inside('odd', '"\\ud800 and \\udc00"'), found: true },
  { what: 'an escaped NUL', bytes: inside('odd', '"a\\u0000b"'), found: true },
  { what: 'a raw NUL in a string', bytes: inside('odd', '"a\0b"'), refused: 'not_json' },
  { what: 'a CRLF line end', bytes: Buffer.from(trailLine('odd').replace('\n', '\r\n')), found: true },
  { what: 'a byte order mark', bytes: Buffer.from(`\ufeff${trailLine('odd')}`), found: true },
  { what: 'a number beyond all bounds', bytes: inside('odd', '1e999'), found: true },
  { what: 'an integer that no double holds', bytes: inside('odd', '900719925474099312345'), found: true },
  { what: 'a name twice', bytes: inside('odd', '1,"odd":2'), found: true },
  { what: '__proto__', bytes: inside('odd', '1,"__proto__":{"polluted":true}'), found: true },
  { what: 'an escaped __proto__', bytes: inside('odd', '{"\\u005f_proto__":{"polluted":true}}'), found: true },
  {
    what: 'constructor.prototype',
    bytes: inside('odd', '{"constructor":{"prototype":{"polluted":true}}}'),
    found: true,
  },
  { what: 'names of methods', bytes: inside('odd', '{"toString":1,"hasOwnProperty":2,"then":3}'), found: true },
  { what: 'nesting of 100,000 levels', bytes: Buffer.from(`${deep(100_000)}\n`), refused: 'record_too_long' },
  { what: 'nesting of 5,000 levels', bytes: Buffer.from(`${deep(5_000)}\n`), refused: 'too_deep' },
  { what: 'a record over the limit', bytes: inside('odd', `"${'x'.repeat(70_000)}"`), refused: 'record_too_long' },
  { what: 'plain text', bytes: Buffer.from('panic: something happened\n'), refused: 'not_json' },
  { what: 'a JSON scalar', bytes: Buffer.from('42\n'), refused: 'not_an_object' },
]

describe('in a file', () => {
  test.for(contents)(
    '$what costs itself at most; the records around it are found',
    async ({ bytes, found, refused }) => {
      const running = await start()
      writeFileSync(join(running.folder, 'logs/trail.ndjson'), Buffer.concat([good('before'), bytes, good('after')]))
      const { marks, quarantined } = await settled(running, 3)
      expect(marks).toEqual(['after', 'before', ...(found ? ['odd'] : [])])
      expect(quarantined).toEqual(refused === undefined ? {} : { [refused]: 1 })
      const told = await eventually(
        'each was told, as JSON',
        () => readFileSync(join(running.folder, 'data/out.ndjson'), 'utf8').trim().split('\n').map(parsed),
        (documents) => documents.length === marks.length,
      )
      expect(told.map(({ labels }) => labels.mark).toSorted()).toEqual(marks)
      expect(running.daemon.desk.status().degraded).toEqual([])
    },
  )

  test('a stretch of NULs, as a crash or copytruncate leaves it, is no record', async () => {
    const running = await start()
    const bytes = Buffer.concat([good('before'), Buffer.alloc(5_000), good('after')])
    writeFileSync(join(running.folder, 'logs/trail.ndjson'), bytes)
    expect(await settled(running, 2)).toEqual({ marks: ['after', 'before'], quarantined: {} })
  })

  test('a byte order mark at its start is no part of the first record', async () => {
    const running = await start()
    writeFileSync(join(running.folder, 'logs/trail.ndjson'), Buffer.concat([Buffer.from('\ufeff'), good('first')]))
    expect(await settled(running, 1)).toEqual({ marks: ['first'], quarantined: {} })
  })

  test('that is a gzip bomb, the bomb is refused and what follows it is found', async () => {
    const running = await start()
    const bomb = gzipSync(Buffer.concat([Buffer.alloc(64 * 2 ** 20, 'x'), Buffer.from('\n'), good('after')]))
    expect(bomb.length).toBeLessThan(100_000)
    writeFileSync(join(running.folder, 'logs/trail.ndjson.gz'), bomb)
    expect(await settled(running, 2)).toEqual({ marks: ['after'], quarantined: { record_too_long: 1 } })
  })

  test('that is packed and damaged, or not packed to its end yet, spoils no other file', async () => {
    const running = await start()
    // What is packed within the last 4 KiB before the damage goes with it.
    const lines = Buffer.concat([good('head'), inside('padding', JSON.stringify(randomBytes(8_000).toString('hex')))])
    writeFileSync(join(running.folder, 'logs/damaged.gz'), Buffer.concat([gzipSync(lines), Buffer.alloc(99, 7)]))
    const whole = gzipSync(Buffer.concat([good('first'), good('last')]))
    writeFileSync(join(running.folder, 'logs/growing.gz'), whole.subarray(0, -20))
    writeFileSync(join(running.folder, 'logs/zz.ndjson'), good('other'))
    const { alerts } = await eventually(
      'the others are found',
      () => ({ alerts: marksOf(running.daemon.desk.alerts({})), ...running.daemon.desk.status().balance }),
      (found) => found.alerts.has('other') && found.alerts.has('head') && found.quarantined['corrupt_gzip'] === 1,
    )
    expect(alerts.get('head')).toBe(1)
    writeFileSync(join(running.folder, 'logs/growing.gz'), whole)
    await eventually(
      'the packed file is read to its end',
      () => marksOf(running.daemon.desk.alerts({})),
      (marks) => marks.get('first') === 1 && marks.get('last') === 1,
    )
    expect(isEven(running.daemon.desk.status().balance)).toBe(true)
  })
})

/** So many MiB of spaces. */
const spaces = (mebibytes: number): Buffer => Buffer.alloc(mebibytes * 2 ** 20, 0x20)
const BROKEN_OFF = gzipSync(good('x')).subarray(0, -9)

interface Push {
  readonly what: string
  readonly body: Buffer | string
  /** Its content-encoding. */
  readonly encoding?: string
  readonly type?: string
  readonly token?: string | undefined
  readonly status: number
  readonly code: string
}

const pushes: readonly Push[] = [
  { what: 'without a token', body: good('x'), token: '', status: 401, code: 'MW_UNAUTHENTICATED' },
  { what: 'with a wrong token', body: good('x'), token: 'guess', status: 401, code: 'MW_UNAUTHENTICATED' },
  { what: 'of plain text', body: 'hello', status: 400, code: 'MW_NOT_JSON' },
  { what: 'of nothing', body: '', status: 400, code: 'MW_EMPTY' },
  { what: 'nested 100,000 deep', body: deep(100_000), status: 413, code: 'MW_RECORD_TOO_LARGE' },
  { what: 'nested 5,000 deep', body: deep(5_000), status: 400, code: 'MW_DEPTH' },
  { what: 'in arrays 5,000 deep', body: '['.repeat(5_000) + ']'.repeat(5_000), status: 400, code: 'MW_DEPTH' },
  { what: 'that says gzip and is not', body: good('x'), encoding: 'gzip', status: 400, code: 'MW_ENCODING' },
  { what: 'that says brotli', body: good('x'), encoding: 'br', status: 415, code: 'MW_ENCODING' },
  { what: 'that says gzip twice', body: good('x'), encoding: 'gzip, gzip', status: 415, code: 'MW_ENCODING' },
  { what: 'that breaks off inside gzip', body: BROKEN_OFF, encoding: 'gzip', status: 400, code: 'MW_ENCODING' },
  { what: 'that is a gzip bomb', body: gzipSync(spaces(256)), encoding: 'gzip', status: 413, code: 'MW_TOO_LARGE' },
  { what: 'that is a small gzip bomb', body: gzipSync(spaces(3)), encoding: 'gzip', status: 413, code: 'MW_RATIO' },
  {
    what: 'that is a deflate bomb',
    body: deflateSync(spaces(256)),
    encoding: 'deflate',
    status: 413,
    code: 'MW_TOO_LARGE',
  },
  { what: 'of a body over the limit', body: spaces(5), status: 413, code: 'MW_TOO_LARGE' },
  {
    what: 'of protobuf',
    body: Buffer.from([10, 2, 8, 1]),
    type: 'application/x-protobuf',
    status: 415,
    code: 'MW_PROTOBUF',
  },
]

/** A daemon that listens for pushes. */
async function listening(): Promise<Running> {
  const running = await start()
  await eventually(
    'it listens',
    () => running.daemon.addressOf('push'),
    (address) => address !== undefined,
  )
  return running
}

async function push(running: Running, { body, encoding, type, token = TOKEN }: Omit<Push, 'what' | 'status' | 'code'>) {
  const headers = {
    ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    ...(type === undefined ? {} : { 'content-type': type }),
  }
  return fetch(`http://${running.daemon.addressOf('push')}/ingest`, {
    method: 'POST',
    headers,
    body: new Uint8Array(Buffer.from(body)),
  })
}

describe('a push', () => {
  test('of a kind that is not taken is answered in words, and nothing of it is taken', async () => {
    const running = await listening()
    for (const { what, status, code, ...sent } of pushes) {
      const reply = await push(running, sent)
      const text = await reply.text()
      expect([what, reply.status, text.includes(code)]).toEqual([what, status, true])
    }
    expect((await push(running, { body: good('fine') })).status).toBe(202)
    expect(await settled(running, 1)).toEqual({ marks: ['fine'], quarantined: {} })
  })

  test('with odd but readable records is taken whole, and reaches no prototype', async () => {
    const running = await listening()
    const odd = contents.filter(({ found }) => found)
    for (const { what, bytes } of odd)
      expect([what, (await push(running, { body: bytes })).status]).toEqual([what, 202])
    const { marks, quarantined } = await settled(running, odd.length)
    expect([marks, quarantined]).toEqual([['odd'], {}])
    expect(running.daemon.desk.alerts({})[0]?.count).toBe(odd.length)
  })
})

describe('the console', () => {
  test.for([
    [
      'names that reach for a prototype',
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
      400,
    ],
    ['nesting of 10,000 levels', deep(10_000), 400],
    ['a body over the limit', `"${'x'.repeat(100_000)}"`, 413],
    ['no JSON', '{', 400],
    ['bytes that are no UTF-8', '\xff\xfe', 400],
  ] as const)('refuses %s with a reason, and goes on', async ([, body, status]) => {
    const running = await start()
    const token = readFileSync(join(running.folder, 'data/console.token'), 'utf8').trim()
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const url = `${running.daemon.consoleAddress}/api/v1/silences`
    const reply = await fetch(url, { method: 'POST', headers, body: new Uint8Array(Buffer.from(body, 'latin1')) })
    expect(reply.status).toBe(status)
    expect(((await reply.json()) as { error: { message: string } }).error.message.length).toBeGreaterThan(10)
    expect(await (await fetch(url, { headers })).json()).toEqual({ silences: [] })
  })
})

describe('a config', () => {
  test.for([
    ['with an unknown key', 'colect: []\n', '1: colect: the key "colect" is unknown'],
    ['with __proto__', '__proto__: {polluted: true}\n', '__proto__'],
    [
      'with __proto__ in a plug-in',
      'collect:\n  - {kind: file, paths: [a], __proto__: {polluted: true}}\n',
      '__proto__',
    ],
    ['with constructor', 'constructor: {prototype: {polluted: true}}\n', 'the key "constructor" is unknown'],
    [
      'with a bomb of aliases',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
        .split('')
        .map((to, at) => `${to}: &${to} [${Array.from({ length: 10 }, () => `*${'abcdefgh'[at]}`).join(',')}]\n`)
        .join('')}`,
      'alias',
    ],
    ['that is binary', '\0\u0001\u0002', ''],
  ] as const)('%s is refused with file, place and cure', async ([, text, expected]) => {
    const house = new DaemonHouse(text)
    open.push({ stop: () => house.remove() })
    const { code, err } = await modelward(['run', '-c', house.configFile, '--data', house.data])
    expect(code).toBe(1)
    expect(err).toContain('modelward.yaml')
    expect(err).toContain(expected)
    expect(err).not.toContain('    at ')
  })
})

test('a folder among the files, and a file that may not be read, are complained about once; the others are read', async () => {
  const house = markedHouse()
  open.push({ stop: () => house.remove() })
  const isRoot = process.getuid?.() === 0
  const nobody = 65_534
  mkdirSync(house.path('logs/folder'))
  writeFileSync(house.path('logs/a.ndjson'), good('a'))
  writeFileSync(house.path('logs/z.ndjson'), good('z'))
  chmodSync(house.path('logs/a.ndjson'), 0o000)
  if (isRoot) for (const path of [house.folder, house.path('logs/z.ndjson')]) chownSync(path, nobody, nobody)
  const asNobody = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']
  house.start({}, isRoot ? ['setpriv', ...asNobody] : [])
  expect(await house.ready()).toBe(true)
  await eventually(
    'the readable one is read',
    async () => (await house.status()).balance.committed,
    (committed) => committed === 1,
  )
  chmodSync(house.path('logs/a.ndjson'), 0o644)
  await eventually(
    'the other one too, once it may be',
    async () => (await house.status()).balance.committed,
    (committed) => committed === 2,
  )
  const { code, err } = await house.end()
  expect(code).toBe(0)
  const complaints = err
    .split('\n')
    .filter((line) => line.includes('cure'))
    .map((line) => JSON.parse(line) as { path: string; code: string })
  expect(complaints.map(({ path, code }) => [path, code]).toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1))).toEqual([
    [house.path('logs/a.ndjson'), 'EACCES'],
    [house.path('logs/folder'), 'EISDIR'],
  ])
})
