import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { inspect, promisify } from 'node:util'
import { z } from 'zod'
import { TransientError, reasonOf } from './errors.ts'

/** A secret in memory. It prints as *** wherever it is printed; only `reveal` gives it away. */
export class Secret {
  readonly #value: string
  constructor(value: string) {
    this.#value = value
  }
  reveal(): string {
    return this.#value
  }
  toString(): string {
    return '***'
  }
  toJSON(): string {
    return '***'
  }
  [inspect.custom](): string {
    return 'Secret(***)'
  }
}

/** Where a secret is kept: `${file:/path}`, `${env:NAME}` or `${exec:program argument …}` (no shell). Read when it is used. */
export class SecretRef {
  readonly kind: 'file' | 'env' | 'exec'
  readonly place: string
  constructor(kind: 'file' | 'env' | 'exec', place: string) {
    this.kind = kind
    this.place = place
  }

  /** Trailing line ends are cut. Throws TransientError naming the place, never the value. */
  async read(): Promise<Secret> {
    try {
      const text = await this.#text()
      const value = text.replace(/[\r\n]+$/, '')
      if (value === '') throw new Error('it is empty')
      return new Secret(value)
    } catch (cause) {
      throw new TransientError(`reading the secret at ${this.toString()}`, { cause: new Error(reasonOf(cause)) })
    }
  }

  async #text(): Promise<string> {
    if (this.kind === 'file') return readFile(this.place, 'utf8')
    if (this.kind === 'env') {
      const value = process.env[this.place]
      if (value === undefined) throw new Error('the variable is not set')
      return value
    }
    const [program = '', ...args] = this.place.split(/\s+/)
    const { stdout } = await promisify(execFile)(program, args, { timeout: 10_000, maxBuffer: 64 * 1024 })
    return stdout
  }

  toString(): string {
    return `\${${this.kind}:${this.place}}`
  }
  toJSON(): string {
    return this.toString()
  }
}

const REFERENCE = /^\$\{(file|env|exec):([^}]+)\}$/

/** Config fields that are secrets take a reference; a secret written into the config is an error. */
export const secretRef = z
  .string()
  .regex(REFERENCE, 'a secret is given by reference: ${file:/path}, ${env:NAME} or ${exec:program argument}')
  .transform((text) => {
    const [, kind = 'file', place = ''] = REFERENCE.exec(text) ?? []
    return new SecretRef(kind as SecretRef['kind'], place)
  })
