import { StoreError, StoreFullError } from '../runtime/errors.ts'

const FULL = 13
const IO = 10
const CORRUPT = 11
const NOT_A_DATABASE = 26
/** SQLite could not make its shared memory larger: on a full disk ENOSPC comes in this disguise. */
const IO_SHARED_MEMORY_SIZE = IO | (19 << 8)
/** Below this an I/O error while growing a file is believed to be a full disk. */
const NEARLY_NOTHING_FREE = 64 * 1024

/** The extended result code of an error raised by SQLite; undefined for any other error. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_SQLITE_ERROR') return undefined
  return 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 1
}

/** Whether SQLite says that the file's content is damaged, or is no database at all. */
export function isCorruption(error: unknown): boolean {
  const code = (sqliteCode(error) ?? 0) & 0xff
  return code === CORRUPT || code === NOT_A_DATABASE
}

/** What an SQLite error means for the daemon: StoreFullError (nothing written, try again) or StoreError (end). Any other error passes through. */
export function failureOf(error: unknown, doing: string, freeBytes: () => number): unknown {
  const code = sqliteCode(error)
  if (code === undefined) return error
  if ((code & 0xff) === FULL || (code === IO_SHARED_MEMORY_SIZE && freeBytes() < NEARLY_NOTHING_FREE))
    return new StoreFullError(`${doing}: the disk is full`, { cause: error })
  return new StoreError(`${doing}: SQLite answered with code ${code}`, { cause: error })
}

/**
 * The same for an error while the store is being opened, of the file system or of SQLite; `doing` says the path and the
 * cure. On a disk with nothing free any I/O error of SQLite is believed to come of that.
 */
export function fileFailureOf(
  error: unknown,
  doing: string,
  freeBytes: () => number = () => Infinity,
): StoreError | StoreFullError {
  if (error instanceof StoreFullError) return error
  if (isFull(error instanceof StoreError ? error.cause : error, freeBytes))
    return new StoreFullError(`${doing}: the disk is full`, { cause: error })
  return error instanceof StoreError ? error : new StoreError(doing, { cause: error })
}

function isFull(error: unknown, freeBytes: () => number): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') return true
  const primary = (sqliteCode(error) ?? 0) & 0xff
  return primary === FULL || (primary === IO && freeBytes() < NEARLY_NOTHING_FREE)
}
