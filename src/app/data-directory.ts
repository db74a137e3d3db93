import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Random } from '../contract/plugin.ts'
import { StoreError, StoreFullError } from '../runtime/errors.ts'
import { Secret } from '../runtime/secret.ts'

/** The daemon's own folder: state, journals, keys. 0700; files with secrets 0600. */
export class DataDirectory {
  readonly path: string

  constructor(path: string) {
    this.path = resolve(path)
  }

  get exists(): boolean {
    return existsSync(this.path)
  }

  create(): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 })
    chmodSync(this.path, 0o700)
  }

  folder(...parts: readonly string[]): string {
    const path = join(this.path, ...parts)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return path
  }

  file(name: string): string {
    return join(this.path, name)
  }

  /** The key that pseudonyms and prompt hashes are made with. Who holds it can tell who is meant; without it nobody can. */
  pseudonymKey(random: Random): Uint8Array {
    return Buffer.from(
      this.#secret('pseudonym.key', () => Buffer.from(random.bytes(32)).toString('base64')),
      'base64',
    )
  }

  hasPseudonymKey(): boolean {
    return existsSync(this.file('pseudonym.key'))
  }

  /** What lets a person into the console and the API; made at the first start. */
  consoleToken(random: Random): Secret {
    return new Secret(this.#secret('console.token', () => Buffer.from(random.bytes(24)).toString('base64url')))
  }

  /** Where the running daemon's console can be reached, for the command line. */
  noteConsole(address: string): void {
    this.#write('console.json', JSON.stringify({ address, pid: process.pid }))
  }

  console(): { readonly address: string; readonly pid: number } | undefined {
    try {
      return JSON.parse(readFileSync(this.file('console.json'), 'utf8')) as { address: string; pid: number }
    } catch {
      return undefined
    }
  }

  #secret(name: string, make: () => string): string {
    const path = this.file(name)
    if (!existsSync(path)) this.#write(name, make())
    return readFileSync(path, 'utf8').trim()
  }

  /** Whole or not at all, whatever the disk or a kill does: half a key would be worse than none. */
  #write(name: string, line: string): void {
    const path = this.file(name)
    try {
      writeFileSync(`${path}.new`, `${line}\n`, { mode: 0o600, flush: true })
      renameSync(`${path}.new`, path)
    } catch (cause) {
      rmSync(`${path}.new`, { force: true })
      const isFull = cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT')
      throw isFull
        ? new StoreFullError(`writing ${path}: the disk is full`)
        : new StoreError(`writing ${path}`, { cause })
    }
  }
}
