import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'vitest'

/** A file system of its own in memory. */
export class SmallDisk {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** Where nobody may mount one, the test is skipped; in CI that is a failure. Close it with `unmount`. */
  static mount(mebibytes: number, context: TestContext): SmallDisk {
    const path = mkdtempSync(join(tmpdir(), 'modelward-disk-'))
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path], { encoding: 'utf8' })
    if (mounted.status === 0) return new SmallDisk(path)
    rmSync(path, { recursive: true, force: true })
    const reason = `no small file system can be mounted here: ${mounted.stderr}`
    if (process.env['CI']) throw new Error(reason)
    return context.skip(reason)
  }

  /** Takes room until nothing is free, also when others take some meanwhile. */
  fill(): void {
    const file = openSync(join(this.path, 'ballast'), 'a')
    try {
      for (const page = Buffer.alloc(4096, 1); ;) writeSync(file, page)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    } finally {
      closeSync(file)
    }
  }

  free(): void {
    rmSync(join(this.path, 'ballast'), { force: true })
  }

  unmount(): void {
    spawnSync('umount', ['-l', this.path])
    rmSync(this.path, { recursive: true, force: true })
  }
}
