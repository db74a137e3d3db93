import { statfs } from 'node:fs/promises'
import type { Clock } from '../../contract/plugin.ts'

const MIB = 1024 * 1024
const FRESH_MS = 1000

/** Tells when a file system is nearly full, before a write has to fail. Looks at most once a second. */
export class FreeSpace {
  readonly #path: string
  readonly #leaveBytes: number | undefined
  readonly #clock: Clock
  #lookedAt = -Infinity
  #isLow = false

  /** Without `leaveBytes` it is the larger of 5 % of the file system and 512 MiB. */
  constructor(path: string, leaveBytes: number | undefined, clock: Clock) {
    this.#path = path
    this.#leaveBytes = leaveBytes
    this.#clock = clock
  }

  async isLow(): Promise<boolean> {
    const now = this.#clock.monotonic()
    if (now - this.#lookedAt < FRESH_MS) return this.#isLow
    this.#lookedAt = now
    const { bavail, blocks, bsize } = await statfs(this.#path)
    this.#isLow = bavail * bsize < (this.#leaveBytes ?? Math.max(0.05 * blocks * bsize, 512 * MIB))
    return this.#isLow
  }
}
