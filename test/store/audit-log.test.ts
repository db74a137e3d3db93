import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import type { AuditCheckpoint, AuditVerdict } from '../../src/contract/store.ts'
import { chainStart, rowAfter, type ChainHead } from '../../src/store/audit-chain.ts'
import { passingAuditKey } from '../../src/store/audit-key.ts'
import { verifyAuditFile } from '../../src/store/reader.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { freshDirectory, inMemory, opened } from './opened.ts'
import { auditEntries, auditEntry, noon } from './sample.ts'

describe('the chain', () => {
  test('is sha256 over the previous hash and the canonical JSON, so that anybody can check it', () => {
    const store = inMemory()
    store.commit({ audit: auditEntries(2) })
    const json = (number: number): string =>
      `{"action":"alert.acknowledged","actor":"operator","at":${noon + number},` +
      `"detail":{"number":${number},"why":"known"},"seq":${number},"subject":"alert-${number}"}`
    const first = createHash('sha256').update(Buffer.alloc(32)).update(json(1)).digest()
    const second = createHash('sha256').update(first).update(json(2)).digest('hex')
    expect(store.audit.head()).toEqual({ seq: 2, hash: second })
  })

  test('holds for texts and details of every kind', () => {
    const directory = freshDirectory()
    const store = opened(directory)
    const entry = {
      at: 1.5,
      actor: 'a\u0000b',
      action: 'x\ud800',
      subject: '"\\\n\u2028',
      detail: { b: '\ud800', a: [-0, 1e21, null], 9: {}, 10: '' },
    }
    store.commit({ audit: [entry, { ...entry, at: Number.NaN, detail: {} }] })
    expect(store.audit.verify()).toEqual({ intact: true, entries: 2, checkpoints: 0 })
    expect(store.audit.entries(1, 1)[0]).toMatchObject({ actor: 'a\u0000b', action: 'x\ufffd', subject: '"\\\n\u2028' })
    store[Symbol.dispose]()
    expect(verifyAuditFile(directory).intact).toBe(true)
  })

  test('does not depend on how entries are cut into commits', () => {
    const [one, many] = [inMemory(), inMemory()]
    one.commit({ audit: auditEntries(20) })
    for (const entry of auditEntries(20)) many.commit({ audit: [entry] })
    expect(many.audit.head()).toEqual(one.audit.head())
  })
})

describe('a checkpoint', () => {
  test('is an Ed25519 signature over the text in the contract', () => {
    const store = inMemory()
    store.commit({ audit: auditEntries(3) })
    const checkpoint = store.audit.checkpoint(noon)
    const { seq, hash } = store.audit.head()
    expect(checkpoint).toMatchObject({ seq, hash, at: noon })
    const key = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(checkpoint.publicKey, 'base64').toString('base64url') },
      format: 'jwk',
    })
    const text = `modelward audit v1\n${seq}\n${hash}\n${noon}\n`
    expect(verify(null, Buffer.from(text), key, Buffer.from(checkpoint.signature, 'base64'))).toBe(true)
  })

  test('is made by itself after every thousand entries, in the middle of a commit too', () => {
    const store = inMemory()
    store.commit({ audit: auditEntries(1500) })
    store.commit({ audit: auditEntries(1500, 1501) })
    expect(store.audit.verify()).toEqual({ intact: true, entries: 3000, checkpoints: 3 })
  })

  test('of an empty log is true as well', () => {
    const store = inMemory()
    const checkpoint = store.audit.checkpoint(noon)
    expect(checkpoint.seq).toBe(0)
    store.commit({ audit: auditEntries(1) })
    expect(store.audit.verify([checkpoint])).toEqual({ intact: true, entries: 1, checkpoints: 2 })
  })

  test('is signed with the same key after a restart', () => {
    const directory = freshDirectory()
    const first = opened(directory)
    const before = first.audit.checkpoint(noon)
    first[Symbol.dispose]()
    const key = readFileSync(join(directory, 'audit.key'), 'utf8')
    expect(key).toContain('PRIVATE KEY')
    expect(opened(directory).audit.checkpoint(noon).publicKey).toBe(before.publicKey)
    expect(readFileSync(join(directory, 'audit.key'), 'utf8')).toBe(key)
  })
})

/** A closed store with 2,500 entries, its automatic checkpoints at 1000 and 2000, and an anchor at 2500 kept elsewhere. */
function written(): { directory: string; anchor: AuditCheckpoint } {
  const directory = freshDirectory()
  const store = opened(directory)
  store.commit({ audit: auditEntries(2500) })
  const anchor = store.audit.checkpoint(noon)
  store[Symbol.dispose]()
  attack(directory, 'DELETE FROM audit_checkpoints WHERE seq = 2500')
  return { directory, anchor }
}

function attack(directory: string, sql: string): void {
  const database = new DatabaseSync(join(directory, 'modelward.db'))
  database.exec(sql)
  database.close()
}

/** An attacker without the key who computes all hashes from `from` on anew. */
function rechain(directory: string, from: number): void {
  const database = new DatabaseSync(join(directory, 'modelward.db'))
  const rows = database.prepare('SELECT * FROM audit ORDER BY seq').all()
  let head: ChainHead = chainStart
  for (const row of rows) {
    const entry = {
      at: Number(row['at']),
      actor: String(row['actor']),
      action: String(row['action']),
      subject: String(row['subject']),
    }
    head = rowAfter(head, { ...entry, detail: JSON.parse(String(row['detail'])) as Record<string, unknown> })
    if (head.seq >= from) database.prepare('UPDATE audit SET hash = ? WHERE seq = ?').run(head.hash, head.seq)
  }
  database.close()
}

const shift = (from: number, by: number): string =>
  `UPDATE audit SET seq = -(seq + ${by}) WHERE seq >= ${from}; UPDATE audit SET seq = -seq WHERE seq < 0;`
const swap = (one: number, other: number): string =>
  `UPDATE audit SET seq = 0 WHERE seq = ${one}; UPDATE audit SET seq = ${one} WHERE seq = ${other}; UPDATE audit SET seq = ${other} WHERE seq = 0;`

const attacks: readonly {
  readonly name: string
  readonly sql: string
  readonly brokenAt: number
  readonly problem: RegExp
}[] = [
  {
    name: 'an edited subject',
    sql: "UPDATE audit SET subject = 'alert-8' WHERE seq = 7",
    brokenAt: 7,
    problem: /changed/,
  },
  {
    name: 'an edited actor in the last entry',
    sql: "UPDATE audit SET actor = 'nobody' WHERE seq = 2500",
    brokenAt: 2500,
    problem: /changed/,
  },
  {
    name: 'a time moved by a millisecond',
    sql: 'UPDATE audit SET at = at + 1 WHERE seq = 1',
    brokenAt: 1,
    problem: /changed/,
  },
  {
    name: 'a blank put into a detail',
    sql: "UPDATE audit SET detail = replace(detail, ',', ', ') WHERE seq = 1999",
    brokenAt: 1999,
    problem: /changed/,
  },
  {
    name: 'an edited hash',
    sql: 'UPDATE audit SET hash = zeroblob(32) WHERE seq = 1001',
    brokenAt: 1001,
    problem: /changed/,
  },
  {
    name: 'a deleted entry',
    sql: 'DELETE FROM audit WHERE seq = 1234',
    brokenAt: 1234,
    problem: /entry 1234 is missing/,
  },
  {
    name: 'deleted entries in a row',
    sql: 'DELETE FROM audit WHERE seq BETWEEN 900 AND 1100',
    brokenAt: 900,
    problem: /entries 900 to 1100 are missing/,
  },
  {
    name: 'the deleted beginning',
    sql: 'DELETE FROM audit WHERE seq <= 3',
    brokenAt: 1,
    problem: /entries 1 to 3 are missing/,
  },
  {
    name: 'a deleted entry with the later ones moved up',
    sql: `DELETE FROM audit WHERE seq = 42; ${shift(43, -1)}`,
    brokenAt: 42,
    problem: /moved/,
  },
  { name: "two entries in each other's place", sql: swap(500, 501), brokenAt: 500, problem: /moved/ },
  {
    name: 'an inserted entry with the later ones moved down',
    sql: `${shift(100, 1)} INSERT INTO audit SELECT 100, at, actor, action, subject, detail, hash FROM audit WHERE seq = 99`,
    brokenAt: 100,
    problem: /inserted/,
  },
  {
    name: 'an entry inserted before all',
    sql: 'INSERT INTO audit SELECT 0, at, actor, action, subject, detail, hash FROM audit WHERE seq = 1',
    brokenAt: 0,
    problem: /inserted/,
  },
  {
    name: 'an appended entry with a made-up hash',
    sql: 'INSERT INTO audit SELECT 2501, at, actor, action, subject, detail, hash FROM audit WHERE seq = 2500',
    brokenAt: 2501,
    problem: /inserted/,
  },
  {
    name: 'a changed signature',
    sql: 'UPDATE audit_checkpoints SET signature = zeroblob(64) WHERE seq = 2000',
    brokenAt: 2000,
    problem: /no valid signature/,
  },
  {
    name: 'signatures swapped between checkpoints',
    sql: 'UPDATE audit_checkpoints SET signature = (SELECT signature FROM audit_checkpoints WHERE seq = 2000) WHERE seq = 1000',
    brokenAt: 1000,
    problem: /no valid signature/,
  },
  {
    name: 'a checkpoint moved to another entry',
    sql: 'UPDATE audit_checkpoints SET seq = 1500 WHERE seq = 1000',
    brokenAt: 1500,
    problem: /no valid signature/,
  },
  {
    name: 'a changed time of a checkpoint',
    sql: 'UPDATE audit_checkpoints SET at = at + 1 WHERE seq = 1000',
    brokenAt: 1000,
    problem: /no valid signature/,
  },
  {
    name: 'a cut tail that a stored checkpoint still promises',
    sql: 'DELETE FROM audit WHERE seq > 1990',
    brokenAt: 1991,
    problem: /entries 1991 to 2000 are missing/,
  },
]

describe('verify finds', () => {
  test.for(attacks)('$name', ({ sql, brokenAt, problem }) => {
    const { directory } = written()
    expect(verifyAuditFile(directory)).toEqual({ intact: true, entries: 2500, checkpoints: 2 })
    attack(directory, sql)
    const verdict = verifyAuditFile(directory)
    expect(verdict).toMatchObject({ intact: false, brokenAt })
    expect(verdict.problem).toMatch(problem)
  })

  test('a log whose hashes were all computed anew, by the stored checkpoints', () => {
    const { directory } = written()
    attack(directory, "UPDATE audit SET actor = 'nobody' WHERE seq = 1200")
    rechain(directory, 1200)
    expect(verifyAuditFile(directory)).toMatchObject({
      intact: false,
      brokenAt: 1001,
      problem: /1001 to 2000 are written anew/,
    })
  })

  test("a checkpoint signed by somebody else's key", () => {
    const { directory } = written()
    const foreign = passingAuditKey(seededRandom(9))
    const head = chainOf(5)
    const { signature, publicKey } = foreign.sign(5, head, noon)
    attack(
      directory,
      `INSERT INTO audit_checkpoints VALUES (5, ${noon}, x'${head}', x'${hex(publicKey)}', x'${hex(signature)}')`,
    )
    expect(verifyAuditFile(directory)).toMatchObject({
      intact: false,
      brokenAt: 5,
      problem: /signed by a key that is neither/,
    })
  })

  test('a cut tail only with an anchor kept elsewhere', () => {
    const { directory, anchor } = written()
    attack(directory, 'DELETE FROM audit WHERE seq > 2400')
    expect(verifyAuditFile(directory)).toMatchObject({ intact: true, entries: 2400 })
    expect(verifyAuditFile(directory, [anchor])).toMatchObject({
      intact: false,
      brokenAt: 2401,
      problem: /entries 2401 to 2500 are missing/,
    })
  })

  test('a log that was wiped, with its checkpoints, only with an anchor', () => {
    const { directory, anchor } = written()
    attack(directory, 'DELETE FROM audit; DELETE FROM audit_checkpoints')
    expect(verifyAuditFile(directory).intact).toBe(true)
    expect(verifyAuditFile(directory, [anchor])).toMatchObject({ intact: false, entries: 0, brokenAt: 1 })
  })

  test('a log and a key made anew, with an anchor of the old key', () => {
    const { directory, anchor } = written()
    rmSync(directory, { recursive: true })
    const forged = opened(directory, { random: seededRandom(7) })
    forged.commit({ audit: auditEntries(2500).map((entry) => ({ ...entry, actor: 'nobody' })) })
    forged[Symbol.dispose]()
    expect(verifyAuditFile(directory).intact).toBe(true)
    expect(verifyAuditFile(directory, [anchor])).toMatchObject({ intact: false, brokenAt: 2001 })
  })

  test('an anchor that was changed', () => {
    const { directory, anchor } = written()
    expect(verifyAuditFile(directory, [anchor])).toEqual({ intact: true, entries: 2500, checkpoints: 3 })
    const verdict = verifyAuditFile(directory, [{ ...anchor, seq: 2499 }])
    expect(verdict).toMatchObject({ intact: false, brokenAt: 2499, problem: /no valid signature/ })
  })

  test('a tail that was cut under a running daemon, which remembers', () => {
    const directory = freshDirectory()
    const store = opened(directory)
    store.commit({ audit: auditEntries(10) })
    attack(directory, 'DELETE FROM audit WHERE seq = 10')
    expect(store.audit.verify()).toMatchObject({ intact: false, brokenAt: 10 })
  })

  test('a last entry rewritten with a fitting hash under a running daemon', () => {
    const directory = freshDirectory()
    const store = opened(directory)
    store.commit({ audit: auditEntries(10) })
    attack(directory, "UPDATE audit SET actor = 'nobody' WHERE seq = 10")
    rechain(directory, 10)
    expect(store.audit.verify()).toMatchObject({ intact: false, brokenAt: 10 })
  })
})

test('a lost key is told at opening, and its checkpoints are believed again with an anchor of that key', () => {
  const { directory, anchor } = written()
  rmSync(join(directory, 'audit.key'))
  const store = opened(directory, { random: seededRandom(7) })
  expect(store.openedWith).toEqual([{ kind: 'created', detail: expect.stringContaining('up to entry 2000') as string }])
  const without: AuditVerdict = store.audit.verify()
  expect(without).toMatchObject({ intact: false, brokenAt: 1000, problem: /signed by a key/ })
  expect(store.audit.verify([anchor])).toEqual({ intact: true, entries: 2500, checkpoints: 3 })
})

function chainOf(count: number): string {
  let head: ChainHead = chainStart
  for (let number = 1; number <= count; number++) head = rowAfter(head, auditEntry(number))
  return head.hash.toString('hex')
}

function hex(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex')
}
