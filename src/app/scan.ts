import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { canaries, openProtected, type CanariesConfig } from '../detect/leaks/canaries/canaries.ts'
import type { Leak, LeakFinder } from '../detect/leaks/leak.ts'
import { Mask } from '../detect/leaks/mask.ts'
import { openPii, pii, type PiiConfig } from '../detect/leaks/pii/pii.ts'
import { SecretFinder } from '../detect/leaks/secrets/finder.ts'
import { openPacks, secrets, type SecretsConfig } from '../detect/leaks/secrets/secrets.ts'
import { ConfigError, RefusedError } from '../runtime/errors.ts'
import { systemRandom } from '../runtime/random.ts'
import type { Config } from './config/load.ts'

/** Larger files are passed over and counted; of compressed ones it is what comes out that counts. */
export const MOST_FILE_BYTES = 64 * 1_048_576
/** A zero byte among so many first ones makes a file binary. */
const BINARY_LOOK = 8_192
const SHOWN = 2
/** Folders with nothing of their own in readable form. */
const PASSED_OVER = new Set(['.git'])

export type Family = 'secrets' | 'pii' | 'canaries'

export interface ScanOptions {
  readonly paths: readonly string[]
  /** Secret packs to use alone, in place of everything else; none: what the config says, or the defaults. */
  readonly packs: readonly string[]
  readonly config: Pick<Config, 'detectors'> | undefined
  readonly match: (match: Match) => void
  readonly progress: (text: string) => void
}

export interface Match {
  readonly family: Family
  readonly rule: string
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly length: number
  /** Its last characters, where it is long enough for that. */
  readonly tail: string
  /** Equal for equal secrets of one scan. */
  readonly fingerprint: string
  /** In clear text: for `--reveal` only. */
  readonly secret: string
}

export interface Scanned {
  readonly files: number
  readonly bytes: number
  readonly matches: number
  readonly skipped: Readonly<Record<'binary' | 'too_large' | 'unreadable' | 'not_a_file', number>>
}

interface Searcher {
  readonly family: Family
  readonly finder: LeakFinder
}

/** Looks through files and folders for what should not stand in them. Throws a RefusedError for a path that is not there. */
export async function scanFiles(options: ScanOptions, signal: AbortSignal): Promise<Scanned> {
  const key = systemRandom.bytes(32)
  const scan = new Scan(await openSearchers(options, key), new Mask(key, SHOWN), options)
  for (const path of options.paths) await scan.path(path, signal)
  return scan.done()
}

async function openSearchers({ packs, config }: ScanOptions, key: Uint8Array): Promise<readonly Searcher[]> {
  if (packs.length > 0) return [await secretsBy({ packs, ownPack: false })]
  const [secretsConfig, piiConfig, canariesConfig] = [secrets, pii, canaries].map(
    (plugin) => config?.detectors.find(({ kind }) => kind === plugin.kind)?.config ?? plugin.config.parse({}),
  )
  // Each config was read by the schema of its own kind.
  return [
    await secretsBy(secretsConfig as SecretsConfig),
    { family: 'pii', finder: openPii(piiConfig as PiiConfig) },
    { family: 'canaries', finder: await openProtected(canariesConfig as CanariesConfig, key) },
  ]
}

async function secretsBy(config: { readonly packs: readonly string[]; readonly ownPack: boolean }): Promise<Searcher> {
  try {
    const packs = await openPacks(config.packs, config.ownPack)
    return { family: 'secrets', finder: new SecretFinder(packs, Infinity) }
  } catch (error) {
    // A pack that cannot be used is no finding: the answer is not 1 but 3.
    throw error instanceof ConfigError ? new RefusedError(error.message) : error
  }
}

class Scan {
  readonly #searchers: readonly Searcher[]
  readonly #mask: Mask
  readonly #options: ScanOptions
  readonly #skipped = { binary: 0, too_large: 0, unreadable: 0, not_a_file: 0 }
  #files = 0
  #bytes = 0
  #matches = 0

  constructor(searchers: readonly Searcher[], mask: Mask, options: ScanOptions) {
    this.#searchers = searchers
    this.#mask = mask
    this.#options = options
  }

  /** A file or a folder that was named: it must be there. */
  async path(path: string, signal: AbortSignal): Promise<void> {
    const found = await stat(path).catch((cause: unknown) => {
      throw new RefusedError(`${path} cannot be read`, { cause })
    })
    if (found.isDirectory()) await this.#folder(path, signal)
    else await this.#file(path, signal)
  }

  done(): Scanned {
    return { files: this.#files, bytes: this.#bytes, matches: this.#matches, skipped: this.#skipped }
  }

  /** In order of names. Links inside are not followed: they lead out of the folder, or round in circles. */
  async #folder(folder: string, signal: AbortSignal): Promise<void> {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined)
    if (!entries) {
      this.#skipped.unreadable++
      return
    }
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (!PASSED_OVER.has(entry.name)) await this.#folder(path, signal)
      } else if (entry.isFile()) await this.#file(path, signal)
      else this.#skipped.not_a_file++
    }
  }

  async #file(path: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.#options.progress(`${this.#files} files, ${this.#matches} matches: ${path}`)
    const bytes = await this.#read(path)
    if (!bytes) return
    const isBinary = bytes.subarray(0, BINARY_LOOK).includes(0)
    // The name of a binary file may tell something by itself: a key store.
    this.#search(isBinary ? '' : bytes.toString('utf8'), path)
    if (isBinary) {
      this.#skipped.binary++
      return
    }
    this.#files++
    this.#bytes += bytes.length
  }

  async #read(path: string): Promise<Buffer | undefined> {
    try {
      const found = await stat(path)
      if (!found.isFile()) this.#skipped.not_a_file++
      else if (found.size > MOST_FILE_BYTES) this.#skipped.too_large++
      else return await unpacked(await readFile(path))
    } catch (error) {
      const isTooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
      this.#skipped[isTooLarge ? 'too_large' : 'unreadable']++
    }
    return undefined
  }

  #search(text: string, path: string): void {
    const found = this.#searchers.flatMap(({ family, finder }) =>
      finder.find(text, { path }).leaks.map((leak) => ({ family, leak })),
    )
    const lines = new Lines(text)
    for (const { family, leak } of found.toSorted((a, b) => a.leak.start - b.leak.start)) {
      this.#matches++
      this.#options.match({ ...this.#describe(leak), family, file: path, line: lines.at(leak.start) })
    }
  }

  #describe(leak: Leak): Omit<Match, 'family' | 'file' | 'line'> {
    return { rule: leak.rule, ...this.#mask.mask(leak), secret: leak.secret }
  }
}

async function unpacked(bytes: Buffer): Promise<Buffer> {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  return isGzip ? promisify(gunzip)(bytes, { maxOutputLength: MOST_FILE_BYTES }) : bytes
}

/** Line numbers of places that come in order. */
class Lines {
  readonly #text: string
  #line = 1
  #from = 0

  constructor(text: string) {
    this.#text = text
  }

  at(place: number): number {
    for (let next = this.#text.indexOf('\n', this.#from); next >= 0 && next < place;) {
      this.#line++
      this.#from = next + 1
      next = this.#text.indexOf('\n', this.#from)
    }
    return this.#line
  }
}
