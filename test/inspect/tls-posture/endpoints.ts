import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { Server as HttpServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import type { TlsOptions } from 'node:tls'
import { Lifetime } from '../../../src/runtime/lifetime.ts'

export interface Identity {
  readonly key: string
  readonly cert: string
}

/** Certificates made by openssl in a folder of its own, and servers on loopback that show them. */
export class Endpoints implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'modelward-tls-'))
  readonly #life = new Lifetime()
  /** The PEM file of the root that signs all others. */
  readonly ca: string
  #serial = 0

  constructor() {
    this.ca = join(this.#folder, 'ca.crt')
    const made = ['req', '-x509', '-days', '400', '-subj', '/CN=Test Root', ...NEW_KEY]
    openssl([...made, '-keyout', join(this.#folder, 'ca.key'), '-out', this.ca])
    writeFileSync(join(this.#folder, 'index.txt'), '')
    writeFileSync(join(this.#folder, 'ca.conf'), caConfig(this.#folder))
    this.#life.defer('folder', () => rmSync(this.#folder, { recursive: true, force: true }))
  }

  /** Signed by the root; valid from and to a day counted from now. */
  identity(fromDays: number, toDays: number, name = 'IP:127.0.0.1'): Identity {
    const path = join(this.#folder, `leaf${++this.#serial}`)
    const names = ['-subj', `/CN=leaf ${this.#serial}`, '-addext', `subjectAltName=${name}`]
    openssl(['req', '-new', ...NEW_KEY, ...names, '-keyout', `${path}.key`, '-out', `${path}.csr`])
    const valid = ['-startdate', stamp(fromDays), '-enddate', stamp(toDays)]
    const config = ['-batch', '-notext', '-config', join(this.#folder, 'ca.conf')]
    openssl(['ca', ...config, ...valid, '-in', `${path}.csr`, '-out', `${path}.crt`])
    return { key: readFileSync(`${path}.key`, 'utf8'), cert: readFileSync(`${path}.crt`, 'utf8') }
  }

  /** A certificate that is its own root, and the path of its PEM file. */
  selfSigned(): Identity & { readonly path: string } {
    const path = join(this.#folder, `self${++this.#serial}`)
    const names = ['-subj', '/CN=self', '-addext', 'subjectAltName=IP:127.0.0.1']
    openssl(['req', '-x509', '-days', '100', ...NEW_KEY, ...names, '-keyout', `${path}.key`, '-out', `${path}.crt`])
    const [key, cert] = [readFileSync(`${path}.key`, 'utf8'), readFileSync(`${path}.crt`, 'utf8')]
    return { key, cert, path: `${path}.crt` }
  }

  /** A TLS server that shows this identity; its address as an endpoint. */
  async tls(options: TlsOptions): Promise<string> {
    const server = createServer(options, (socket) => socket.on('error', () => undefined).end())
    server.on('tlsClientError', () => undefined)
    return this.#listen(server)
  }

  /** A server of plain HTTP with one answer. */
  async http(status: number, headers: Record<string, string> = {}): Promise<string> {
    const server: HttpServer = createHttpServer((_request, response) => response.writeHead(status, headers).end())
    return this.#listen(server)
  }

  /** A server that takes connections and never says a word. */
  async mute(): Promise<string> {
    return this.#listen(createTcpServer((socket) => socket.on('error', () => undefined)))
  }

  /** A port on which nobody listens any more. */
  async closedPort(): Promise<string> {
    const server = createTcpServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    return `https://127.0.0.1:${port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#life[Symbol.asyncDispose]()
  }

  async #listen(server: Server): Promise<string> {
    const sockets = new Set<{ destroy(): void }>()
    server.on('connection', (socket) => sockets.add(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#life.defer('server', () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(resolve))
    })
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

function caConfig(folder: string): string {
  return `
[ca]
default_ca = house
[house]
database = ${folder}/index.txt
new_certs_dir = ${folder}
certificate = ${folder}/ca.crt
private_key = ${folder}/ca.key
rand_serial = yes
default_md = sha256
unique_subject = no
copy_extensions = copy
policy = any
[any]
commonName = supplied
`
}

/** A day counted from now, in ASN.1's YYYYMMDDHHMMSSZ. */
function stamp(days: number): string {
  const at = new Date(Date.now() + days * 86_400_000)
  return `${at.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`
}
