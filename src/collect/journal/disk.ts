import { type FileHandle, chmod, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StoreError, StoreFullError, reasonOf } from '../../runtime/errors.ts'
import { syncDirectory } from './segment.ts'

/** The three calls of the journal that a disk can refuse; tests hand in their own. */
export interface Disk {
  /** A new file, mode 0600; fails when it exists. Its name is on disk when this resolves. */
  create(path: string): Promise<FileHandle>
  /** Returns how many bytes were taken, which may be fewer than offered. */
  write(file: FileHandle, buffers: readonly Uint8Array[], position: number): Promise<number>
  sync(file: FileHandle): Promise<void>
}

export const localDisk: Disk = {
  async create(path) {
    const file = await open(path, 'wx+', 0o600)
    try {
      await syncDirectory(dirname(path))
      return file
    } catch (cause) {
      await file.close()
      throw new StoreError('syncing the directory of the journal', { cause })
    }
  },
  write: async (file, buffers, position) => (await file.writev([...buffers], position)).bytesWritten,
  sync: (file) => file.datasync(),
}

/** Writes all of it, however often the disk takes only a part. */
export async function writeAll(
  disk: Disk,
  file: FileHandle,
  buffers: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let left = buffers.filter((buffer) => buffer.length > 0)
  for (let at = position; left.length > 0;) {
    const taken = await disk.write(file, left.slice(0, MAX_VECTORS), at)
    if (taken <= 0) throw new Error('the disk took no byte and gave no reason')
    at += taken
    left = after(left, taken)
  }
}

/** A directory of mode 0700 whose name is on disk when this resolves. */
export async function privateDirectory(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 })
  await chmod(path, 0o700)
  if (made === undefined) return
  await syncDirectory(dirname(path))
  await syncDirectory(dirname(made))
}

/** A full disk passes; after any other failure no later success can be believed. */
export function storeError(doing: string, cause: unknown): StoreError | StoreFullError {
  if (cause instanceof StoreError || cause instanceof StoreFullError) return cause
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') return new StoreFullError(`${doing}: ${reasonOf(cause)}`, { cause })
  return new StoreError(`${doing}: ${reasonOf(cause)}`, { cause })
}

/** IOV_MAX on Linux. */
const MAX_VECTORS = 1024

function after(buffers: readonly Uint8Array[], taken: number): Uint8Array[] {
  let skip = taken
  const left: Uint8Array[] = []
  for (const buffer of buffers) {
    if (skip >= buffer.length) skip -= buffer.length
    else {
      left.push(skip === 0 ? buffer : buffer.subarray(skip))
      skip = 0
    }
  }
  return left
}
