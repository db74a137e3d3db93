import { type FileHandle, open, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'

/** One file of the journal. Its name is the position of its first byte, so that the files sort by it. */
export interface Segment {
  readonly start: number
  readonly path: string
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

/** The directory's own entries are on disk when this resolves. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle: FileHandle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Renames what carries a segment's name and is none; it is kept for a person to look at. */
export async function putAside(segment: Segment, now: number): Promise<string> {
  const path = `${segment.path}.set-aside-${now}`
  await rename(segment.path, path)
  return path
}
