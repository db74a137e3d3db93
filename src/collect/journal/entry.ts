import { crc32 } from 'node:zlib'

/** What is put into a journal: a small JSON object about the bytes, and the bytes as they came. */
export interface NewEntry {
  readonly meta: EntryMeta
  readonly body: Uint8Array
}
type EntryMeta = Readonly<Record<string, unknown>>

/** An entry read back. Positions count bytes over the whole life of the journal and never go back. */
export interface JournalEntry extends NewEntry {
  readonly kind: 'entry'
  readonly at: number
  /** Position of the body's first byte. */
  readonly bodyAt: number
  readonly end: number
}

/**
 * An entry on disk: 24 bytes of header, the meta as JSON, the body. Big endian.
 *
 *     0  magic   'MWJ1'
 *     4  crc     CRC-32 over everything from byte 8 to the end of the body
 *     8  length  of meta and body together
 *    12  meta    length of the meta
 *    16  at      the entry's own position: its sequence number
 *
 * That an entry states its own position keeps a body that happens to hold an entry from being taken for one when the
 * reader looks for the next good header.
 */
export const HEADER_BYTES = 24
const MAGIC = Buffer.from('MWJ1', 'latin1')

/** More than any body a collector takes; a length beyond it is damage, not data. */
const MAX_PAYLOAD_BYTES = 256 * 1024 * 1024

/** An entry ready to be written at any position: `buffersAt` fills in the position and the checksum. */
export class EncodedEntry {
  readonly bytes: number
  readonly #head: Buffer
  readonly #body: Uint8Array

  constructor({ meta, body }: NewEntry) {
    const metaBytes = Buffer.from(JSON.stringify(meta), 'utf8')
    if (metaBytes.length + body.length > MAX_PAYLOAD_BYTES)
      throw new RangeError(`a journal entry holds at most ${MAX_PAYLOAD_BYTES} bytes`)
    this.#head = Buffer.alloc(HEADER_BYTES + metaBytes.length)
    this.#body = body
    this.bytes = this.#head.length + body.length
    MAGIC.copy(this.#head, 0)
    this.#head.writeUInt32BE(metaBytes.length + body.length, 8)
    this.#head.writeUInt32BE(metaBytes.length, 12)
    metaBytes.copy(this.#head, HEADER_BYTES)
  }

  buffersAt(at: number): readonly Uint8Array[] {
    this.#head.writeBigUInt64BE(BigInt(at), 16)
    this.#head.writeUInt32BE(crc32(this.#body, crc32(this.#head.subarray(8))), 4)
    return [this.#head, this.#body]
  }
}

/** Bytes of the entry whose header begins at `from`, or undefined when no header for position `at` stands there. */
export function entryBytes(bytes: Buffer, from: number, at: number): number | undefined {
  if (from + HEADER_BYTES > bytes.length || bytes.compare(MAGIC, 0, 4, from, from + 4) !== 0) return undefined
  const length = bytes.readUInt32BE(from + 8)
  const metaLength = bytes.readUInt32BE(from + 12)
  if (length > MAX_PAYLOAD_BYTES || metaLength > length) return undefined
  if (bytes.readBigUInt64BE(from + 16) !== BigInt(at)) return undefined
  return HEADER_BYTES + length
}

/** The entry that begins at `from` and claims position `at`, or undefined when it is not whole and unharmed. */
export function decodeEntry(bytes: Buffer, from: number, at: number): JournalEntry | undefined {
  const size = entryBytes(bytes, from, at)
  if (size === undefined || from + size > bytes.length) return undefined
  if (crc32(bytes.subarray(from + 8, from + size)) !== bytes.readUInt32BE(from + 4)) return undefined
  const metaEnd = HEADER_BYTES + bytes.readUInt32BE(from + 12)
  const meta = parsedMeta(bytes.toString('utf8', from + HEADER_BYTES, from + metaEnd))
  if (!meta) return undefined
  return {
    kind: 'entry',
    at,
    bodyAt: at + metaEnd,
    end: at + size,
    meta,
    body: bytes.subarray(from + metaEnd, from + size),
  }
}

/** Where the next good entry begins in `bytes`, at or after `from`; undefined when there is none. `start` is the position of `bytes[0]`. */
export function findEntry(bytes: Buffer, from: number, start: number): number | undefined {
  for (let found = bytes.indexOf(MAGIC, from); found >= 0; found = bytes.indexOf(MAGIC, found + 1))
    if (decodeEntry(bytes, found, start + found)) return found
  return undefined
}

/** Whether a file's first bytes could be those of a segment that was cut short. */
export function looksLikeEntry(bytes: Buffer): boolean {
  const seen = Math.min(bytes.length, MAGIC.length)
  return bytes.compare(MAGIC, 0, seen, 0, seen) === 0
}

function parsedMeta(text: string): EntryMeta | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}
