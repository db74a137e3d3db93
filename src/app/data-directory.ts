import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Random } from '../contract/plugin.ts'
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
    writeFileSync(this.file('console.json'), `${JSON.stringify({ address, pid: process.pid })}\n`, { mode: 0o600 })
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
    if (!existsSync(path)) writeFileSync(path, `${make()}\n`, { mode: 0o600, flag: 'wx' })
    return readFileSync(path, 'utf8').trim()
  }
}
