import { constants } from 'node:fs'
import type { Stats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * A file of lines that only grows. `append` resolves once the lines are on disk (fdatasync). It follows rotation: when
 * the path no longer names the open file, the next append makes the path anew. What an interrupted write left without a
 * line end is ended before anything is added, so that a torn line spoils itself only. New files have mode 0600; the mode
 * of a file that is already there is left as its owner set it. Anything that is not a regular file is refused.
 */
export class LineFile {
  readonly #path: string
  #handle: FileHandle | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** `text` is whole lines, each with its end. After a throw, some of it may have been written: the next call mends that. */
  async append(text: string): Promise<void> {
    try {
      const handle = await this.#current()
      await handle.appendFile(text, 'utf8')
      await handle.datasync()
    } catch (error) {
      await this.close().catch(() => undefined)
      throw error
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  async #current(): Promise<FileHandle> {
    const named = await statOrNothing(this.#path)
    if (named && !named.isFile()) throw new Error('the path is not a regular file')
    if (this.#handle && named) {
      const held = await this.#handle.stat()
      if (held.ino === named.ino && held.dev === named.dev) return this.#handle
    }
    await this.close()
    this.#handle = await open(this.#path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o600)
    if (!named) await syncDirectory(dirname(this.#path))
    await endTornLine(this.#handle)
    return this.#handle
  }
}

async function statOrNothing(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** A new file is only as durable as its name in its directory. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

async function endTornLine(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat()
  if (size === 0) return
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
  if (buffer[0] !== 0x0a) await handle.appendFile('\n')
}
