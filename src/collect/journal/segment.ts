import { type FileHandle, open, readdir, readFile, rename, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeEntry, findEntry, looksLikeEntry, type JournalEntry } from './entry.ts'

/** One file of the journal. Its name is the position of its first byte, so that the files sort by it. */
export interface Segment {
  readonly start: number
  readonly path: string
}

/** What had to be mended when a journal was opened. */
export interface Mended {
  /** Bytes cut off the end of the last segment: a write that a crash interrupted, never acknowledged. */
  readonly tornBytes: number
  /** Files that carried a segment's name but were none, renamed and kept. */
  readonly setAside: readonly string[]
}

const NAME = /^(\d{16})\.journal$/

export function segmentAt(directory: string, start: number): Segment {
  return { start, path: join(directory, `${String(start).padStart(16, '0')}.journal`) }
}

/** The segments of a directory in order. Whatever has a segment's name but is no regular file is set aside. */
export async function listSegments(directory: string, now: number, setAside: string[]): Promise<Segment[]> {
  const segments: Segment[] = []
  for (const found of await readdir(directory, { withFileTypes: true })) {
    const name = NAME.exec(found.name)
    if (!name) continue
    const segment = segmentAt(directory, Number(name[1]))
    if (found.isFile() && Number.isSafeInteger(segment.start)) segments.push(segment)
    else setAside.push(await putAside(segment, now))
  }
  return segments.toSorted((a, b) => a.start - b.start)
}

/**
 * Makes the last segment fit to be appended to: what follows its last good entry is cut off, and a file that never was
 * a segment is set aside. Hands every good entry of it to `seen`. Returns its length, or undefined when it was set aside.
 */
export async function mendSegment(
  segment: Segment,
  now: number,
  setAside: string[],
  seen: (entry: JournalEntry) => void,
): Promise<{ readonly bytes: number; readonly tornBytes: number } | undefined> {
  const content = await readFile(segment.path)
  const good = goodLength(content, segment.start, seen)
  if (good === content.length) return { bytes: good, tornBytes: 0 }
  if (good === 0 && !looksLikeEntry(content)) {
    setAside.push(await putAside(segment, now))
    return undefined
  }
  await truncate(segment.path, good)
  return { bytes: good, tornBytes: content.length - good }
}

/** The directory's own entries are on disk when this resolves. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle: FileHandle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Up to the end of the last good entry; damage between good entries stays for the reader to report. */
function goodLength(content: Buffer, start: number, seen: (entry: JournalEntry) => void): number {
  let good = 0
  for (let at: number | undefined = 0; at !== undefined && at < content.length;) {
    const entry = decodeEntry(content, at, start + at)
    if (entry) {
      seen(entry)
      good = entry.end - start
      at = good
    } else at = findEntry(content, at + 1, start)
  }
  return good
}

async function putAside(segment: Segment, now: number): Promise<string> {
  const path = `${segment.path}.set-aside-${now}`
  await rename(segment.path, path)
  return path
}
