import { type FileHandle, open, readFile, truncate, unlink } from 'node:fs/promises'
import { type JournalEntry, decodeEntry, entryBytes, findEntry, looksLikeEntry } from './entry.ts'
import { type Segment, listSegments, putAside, syncDirectory } from './segment.ts'

/** What had to be mended when a journal was opened. */
export interface Mended {
  /** Bytes cut off the end of the last segment: a write that a crash interrupted before it was acknowledged. */
  readonly tornBytes: number
  /** Files that carried a segment's name but were none, renamed and kept. */
  readonly setAside: readonly string[]
}

export interface Recovery {
  readonly directory: string
  readonly committed: number
  readonly now: number
  readonly recovered?: (entry: JournalEntry) => void
}

/** A directory made fit to be appended to. */
export interface Recovered {
  readonly segments: Segment[]
  readonly end: number
  readonly file: FileHandle | undefined
  readonly mended: Mended
}

/** Finds the end of the journal, cutting off what a crash left behind it. Deletes no entry. */
export async function recover({ directory, now, committed, recovered }: Recovery): Promise<Recovered> {
  const setAside: string[] = []
  const segments = await listSegments(directory, now, setAside)
  let tornBytes = 0
  for (let last = segments.at(-1); last; last = segments.at(-1)) {
    const mended = await mendSegment(last, now, setAside, recovered ?? (() => undefined))
    tornBytes += mended?.tornBytes ?? 0
    if (mended && mended.bytes > 0) {
      const file = await open(last.path, 'r+')
      // What is read from here on counts as kept: it may still have been in memory only when the last process died.
      await file.datasync()
      await syncDirectory(directory)
      return settled(segments, last.start + mended.bytes, committed, file, { tornBytes, setAside })
    }
    segments.pop()
    if (mended) await unlink(last.path)
  }
  return { segments, end: committed, file: undefined, mended: { tornBytes, setAside } }
}

/** A journal that is shorter than what was committed from it begins anew behind that, so that no position is given out twice. */
async function settled(
  segments: Segment[],
  end: number,
  committed: number,
  file: FileHandle,
  mended: Mended,
): Promise<Recovered> {
  if (end >= committed) return { segments, end, file, mended }
  await file.close()
  return { segments, end: committed, file: undefined, mended }
}

/**
 * Makes the last segment fit to be appended to: what follows its last whole entry is cut off, and a file that never was
 * a segment is set aside. Hands every good entry of it to `seen`. Returns its length, or undefined when it was set aside.
 */
async function mendSegment(
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

/**
 * Up to the end of the last entry that is all there. Damage before it stays for the reader to report, and so does a last
 * entry of full length with a wrong checksum: it may have been acknowledged.
 */
function goodLength(content: Buffer, start: number, seen: (entry: JournalEntry) => void): number {
  let good = 0
  for (let at = 0; at < content.length; at = good) {
    const entry = decodeEntry(content, at, start + at)
    if (entry) seen(entry)
    const next = entry ? entry.end - start : (findEntry(content, at + 1, start) ?? wholeEnd(content, at, start))
    if (next === undefined) break
    good = next
  }
  return good
}

/** Where the entry that begins at `at` says it ends, if the file goes that far. */
function wholeEnd(content: Buffer, at: number, start: number): number | undefined {
  const size = entryBytes(content, at, start + at)
  return size !== undefined && at + size <= content.length ? at + size : undefined
}
