import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { blockStart, hashOf } from './fingerprint.ts'
import type { Mark } from './fingerprint.ts'
import { GzipReader, isGzip } from './readers.ts'

/** What was seen of a file's content (unpacked) at the offsets that were asked for. */
export interface Evidence {
  readonly gzip: boolean
  /** How far it was looked at, at least up to the greatest offset asked for if the content reaches it. */
  readonly length: number
  /** Nothing will be added to it: it is no gzip file that is still being written. */
  readonly complete: boolean
  readonly hashes: ReadonlyMap<number, string>
}

export type Likeness = 'same' | 'other' | 'undecided'

const PIECE = 256 * 1024

/** Looks at the blocks that end at `offsets`. */
export async function evidenceAt(path: string, offsets: readonly number[]): Promise<Evidence> {
  const handle = await open(path, 'r')
  try {
    const gzip = await isGzip(handle)
    if (gzip === undefined) return { gzip: true, length: 0, complete: false, hashes: new Map() }
    return await (gzip ? gzipEvidence(handle, offsets) : plainEvidence(handle, offsets))
  } finally {
    await handle.close()
  }
}

export async function plainEvidence(handle: FileHandle, offsets: readonly number[]): Promise<Evidence> {
  const hashes = new Map<number, string>()
  const { size } = await handle.stat()
  for (const offset of offsets) {
    const block = await blockBefore(handle, offset)
    if (block.length === offset - blockStart(offset)) hashes.set(offset, hashOf(block))
  }
  return { gzip: false, length: size, complete: true, hashes }
}

/** The block that ends at `offset`; shorter when the file is. */
export async function blockBefore(handle: FileHandle, offset: number): Promise<Buffer> {
  const block = Buffer.alloc(offset - blockStart(offset))
  const { bytesRead } = await handle.read(block, 0, block.length, blockStart(offset))
  return block.subarray(0, bytesRead)
}

async function gzipEvidence(handle: FileHandle, offsets: readonly number[]): Promise<Evidence> {
  const reader = new GzipReader(handle)
  const wanted = [...new Set(offsets)].toSorted((a, b) => a - b)
  const hashes = new Map<number, string>()
  let length = 0
  let recent: Buffer = Buffer.alloc(0)
  try {
    for (let bytes = await reader.next(PIECE); bytes; bytes = await reader.next(PIECE)) {
      const joined = Buffer.concat([recent, bytes])
      const joinedFrom = length - recent.length
      length += bytes.length
      while (wanted[0] !== undefined && wanted[0] <= length) {
        const offset = wanted.shift() ?? 0
        hashes.set(offset, hashOf(joined.subarray(blockStart(offset) - joinedFrom, offset - joinedFrom)))
      }
      recent = Buffer.from(joined.subarray(blockStart(joined.length)))
      // One byte further tells whether the content goes on behind the last mark.
      if (wanted.length === 0 && length > Math.max(0, ...offsets)) break
    }
    return { gzip: true, length, complete: reader.outcome !== 'incomplete', hashes }
  } finally {
    reader.close()
  }
}

/** Whether a file with this evidence begins with the content that the marks were made of, or is a shorter piece of its start. */
export function compare(marks: readonly Mark[], evidence: Evidence): Likeness {
  const head = marks[0]
  const last = marks.findLast((mark) => mark.offset <= evidence.length)
  if (!head || !last) return evidence.complete ? 'other' : 'undecided'
  if (evidence.hashes.get(head.offset) !== head.hash) return 'other'
  if (evidence.hashes.get(last.offset) !== last.hash) return 'other'
  return evidence.complete || last === marks.at(-1) ? 'same' : 'undecided'
}
