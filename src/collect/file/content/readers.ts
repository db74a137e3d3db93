import type { FileHandle } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { reasonOf } from '../../../runtime/errors.ts'

/** Brings the content of a file in pieces; undefined when there is no more for now. A piece is never written to again. */
export interface ContentReader {
  next(limit: number): Promise<Buffer | undefined>
}

export class PlainReader implements ContentReader {
  readonly #handle: FileHandle
  #at: number

  constructor(handle: FileHandle, at: number) {
    this.#handle = handle
    this.#at = at
  }

  async next(limit: number): Promise<Buffer | undefined> {
    const buffer = Buffer.allocUnsafeSlow(limit)
    const { bytesRead } = await this.#handle.read(buffer, 0, limit, this.#at)
    this.#at += bytesRead
    return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead)
  }
}

/** Small enough that what it unpacks to (at most 1032 times as much) stays within a few MiB. */
const SLICE = 4 * 1024
const READ = 64 * 1024

/**
 * Unpacks a gzip file from its start, member after member, in flat memory. At the end `outcome` tells whether it was
 * `complete`, `incomplete` (still being written, or cut off) or `corrupt`; what came before is delivered in each case.
 */
export class GzipReader implements ContentReader {
  outcome: 'complete' | 'incomplete' | 'corrupt' | undefined
  detail = ''
  /** Compressed bytes read so far. */
  consumed = 0
  readonly #handle: FileHandle
  readonly #gunzip = createGunzip({ chunkSize: 256 * 1024 })
  #slices: Buffer[] = []
  #unpacked: Buffer[] = []
  #settle: () => void = () => undefined

  constructor(handle: FileHandle) {
    this.#handle = handle
    this.#gunzip.on('data', (bytes: Buffer) => this.#unpacked.push(bytes))
    this.#gunzip.on('end', () => this.#ended('complete', ''))
    this.#gunzip.on('error', (error: NodeJS.ErrnoException) =>
      this.#ended(error.code === 'Z_BUF_ERROR' ? 'incomplete' : 'corrupt', reasonOf(error)),
    )
  }

  async next(limit: number): Promise<Buffer | undefined> {
    while (this.#unpacked.length === 0 && this.outcome === undefined) await this.#feed()
    const piece = this.#unpacked.shift()
    if (!piece || piece.length <= limit) return piece
    this.#unpacked.unshift(piece.subarray(limit))
    return piece.subarray(0, limit)
  }

  close(): void {
    this.#gunzip.destroy()
  }

  async #feed(): Promise<void> {
    const slice = this.#slices.shift() ?? (await this.#readSlice())
    await new Promise<void>((resolve) => {
      this.#settle = resolve
      if (slice) this.#gunzip.write(slice, () => resolve())
      else this.#gunzip.end()
    })
  }

  async #readSlice(): Promise<Buffer | undefined> {
    const buffer = Buffer.allocUnsafe(READ)
    const { bytesRead } = await this.#handle.read(buffer, 0, READ, this.consumed)
    this.consumed += bytesRead
    for (let at = 0; at < bytesRead; at += SLICE)
      this.#slices.push(buffer.subarray(at, Math.min(at + SLICE, bytesRead)))
    return this.#slices.shift()
  }

  #ended(outcome: 'complete' | 'incomplete' | 'corrupt', detail: string): void {
    this.outcome ??= outcome
    this.detail ||= detail
    this.#settle()
  }
}

/** gzip's first two bytes (RFC 1952). undefined: too short to tell. */
export async function isGzip(handle: FileHandle): Promise<boolean | undefined> {
  const magic = Buffer.alloc(2)
  const { bytesRead } = await handle.read(magic, 0, 2, 0)
  if (bytesRead === 0) return undefined
  if (magic[0] !== 0x1f) return false
  return bytesRead === 2 ? magic[1] === 0x8b : undefined
}
