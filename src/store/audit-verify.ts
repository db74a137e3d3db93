import type { AuditCheckpoint, AuditVerdict } from '../contract/store.ts'
import { chainStart, hashAfter, type AuditRow, type ChainHead } from './audit-chain.ts'
import { isSigned } from './audit-key.ts'
import type { Connection } from './connection.ts'

const PAGE = 1000

export interface Verification {
  /** Checkpoints kept elsewhere: believed, if their signature holds. */
  readonly anchors: readonly AuditCheckpoint[]
  /** The public key of this directory, base64. */
  readonly publicKey: string | undefined
  /** The head that a running daemon remembers. */
  readonly head?: ChainHead
}

/**
 * Walks the whole log in bounded memory: every number, hash, stored checkpoint and anchor. Finds an edit, a deletion, an
 * insertion, a reordering and a forged checkpoint, and with an anchor also a cut tail and a log that was written anew.
 * Beyond it are well-made entries that somebody with the daemon's rights puts after the last anchor.
 */
export function verifyAudit(connection: Connection, verification: Verification): AuditVerdict {
  return connection.snapshot(() => new Walk(connection, verification).run())
}

type Broken = Required<Pick<AuditVerdict, 'brokenAt' | 'problem'>>

interface CheckpointRow {
  readonly seq: number
  readonly at: number
  readonly hash: Uint8Array
  readonly publicKey: Uint8Array
  readonly signature: Uint8Array
}

class Walk {
  readonly #connection: Connection
  readonly #remembered: ChainHead | undefined
  readonly #anchors: readonly AuditCheckpoint[]
  readonly #trustedKeys: ReadonlySet<string>
  #head = chainStart
  #checkpoints = 0
  /** Up to here a signature vouches for the chain. */
  #sealedTo = 0

  constructor(connection: Connection, { anchors, publicKey, head }: Verification) {
    this.#connection = connection
    this.#remembered = head
    this.#anchors = anchors
    const own = publicKey === undefined ? [] : [publicKey]
    this.#trustedKeys = new Set([...own, ...anchors.map((anchor) => anchor.publicKey)])
  }

  run(): AuditVerdict {
    const broken = this.#checkStart() ?? this.#checkEntries() ?? this.#checkEnd()
    return { intact: broken === undefined, entries: this.#head.seq, checkpoints: this.#checkpoints, ...broken }
  }

  #checkStart(): Broken | undefined {
    return this.#checkSeals([...this.#stored('seq < 1'), ...this.#anchors.filter((anchor) => anchor.seq < 1)])
  }

  #checkEntries(): Broken | undefined {
    const anchored = new Set(this.#anchors.map((anchor) => anchor.seq))
    for (;;) {
      const rows = this.#page()
      const sealed = new Map(this.#sealsOf(rows).map((seal) => [seal.seq, seal]))
      for (const row of rows) {
        const stored = sealed.get(row.seq)
        const seals = anchored.has(row.seq) ? this.#anchors.filter((anchor) => anchor.seq === row.seq) : []
        const broken = this.#checkEntry(row) ?? this.#checkSeals(stored ? [stored, ...seals] : seals)
        if (broken) return broken
      }
      if (rows.length < PAGE) return undefined
    }
  }

  #checkEntry(row: AuditRow): Broken | undefined {
    const expected = this.#head.seq + 1
    if (row.seq < expected) return { brokenAt: row.seq, problem: `an entry numbered ${row.seq} was inserted` }
    if (row.seq > expected) return { brokenAt: expected, problem: `${entries(expected, row.seq - 1)} missing` }
    const hash = hashAfter(this.#head.hash, row)
    if (!hash.equals(row.hash))
      return {
        brokenAt: row.seq,
        problem: `entry ${row.seq} is not the one that was written there: it was changed, replaced, inserted or moved`,
      }
    this.#head = { seq: row.seq, hash }
    return undefined
  }

  /** Checkpoints that belong to the present head. */
  #checkSeals(seals: readonly AuditCheckpoint[]): Broken | undefined {
    for (const seal of seals) {
      const forged = this.#checkSignature(seal)
      if (forged) return forged
      if (seal.seq !== this.#head.seq || seal.hash !== this.#head.hash.toString('hex'))
        return {
          brokenAt: Math.min(this.#sealedTo + 1, seal.seq),
          problem: `the chain does not lead to the checkpoint at ${seal.seq}: ${entries(this.#sealedTo + 1, seal.seq)} written anew`,
        }
      this.#sealedTo = seal.seq
      this.#checkpoints++
    }
    return undefined
  }

  #checkSignature(seal: AuditCheckpoint): Broken | undefined {
    if (!isSigned(seal))
      return { brokenAt: seal.seq, problem: `the checkpoint at ${seal.seq} carries no valid signature` }
    if (!this.#trustedKeys.has(seal.publicKey))
      return {
        brokenAt: seal.seq,
        problem: `the checkpoint at ${seal.seq} is signed by a key that is neither this directory's nor an anchor's`,
      }
    return undefined
  }

  /** What was promised and is no longer there. */
  #checkEnd(): Broken | undefined {
    const { seq, hash } = this.#head
    const beyond = [...this.#stored('seq > ?', seq), ...this.#anchors.filter((anchor) => anchor.seq > seq)]
    for (const seal of beyond) {
      const forged = this.#checkSignature(seal)
      if (forged) return forged
      return {
        brokenAt: seq + 1,
        problem: `${entries(seq + 1, seal.seq)} missing: a checkpoint at ${seal.seq} was signed`,
      }
    }
    const remembered = this.#remembered
    if (!remembered || (remembered.seq === seq && remembered.hash.equals(hash))) return undefined
    if (remembered.seq > seq)
      return { brokenAt: seq + 1, problem: `${entries(seq + 1, remembered.seq)} missing: this daemon wrote them` }
    return {
      brokenAt: remembered.seq,
      problem: `the log does not end at entry ${remembered.seq} as this daemon left it`,
    }
  }

  #page(): readonly AuditRow[] {
    return this.#connection.all<AuditRow>(
      'SELECT seq, at, actor, action, subject, detail, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?',
      // The first page begins before all numbers: an entry numbered 0 or less is somebody else's.
      this.#head.seq === 0 ? Number.MIN_SAFE_INTEGER : this.#head.seq,
      PAGE,
    )
  }

  #sealsOf(rows: readonly AuditRow[]): readonly AuditCheckpoint[] {
    const last = rows.at(-1)?.seq
    return last === undefined ? [] : this.#stored('seq > ? AND seq <= ?', this.#head.seq, last)
  }

  #stored(where: string, ...values: readonly number[]): readonly AuditCheckpoint[] {
    return this.#connection
      .all<CheckpointRow>(
        `SELECT seq, at, hash, public_key AS publicKey, signature FROM audit_checkpoints WHERE ${where} ORDER BY seq LIMIT ${PAGE}`,
        ...values,
      )
      .map(({ seq, at, hash, publicKey, signature }) => ({
        seq,
        at,
        hash: Buffer.from(hash).toString('hex'),
        publicKey: Buffer.from(publicKey).toString('base64'),
        signature: Buffer.from(signature).toString('base64'),
      }))
  }
}

/** `entry 7 is`, `entries 7 to 9 are`. */
function entries(from: number, to: number): string {
  return to <= from ? `entry ${from} is` : `entries ${from} to ${to} are`
}
