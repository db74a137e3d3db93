import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { chownSync, existsSync, readFileSync, readdirSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const VERSION = '9.5.3'
const ARTIFACT = `org.elasticsearch.distribution.integ-test-zip:elasticsearch:${VERSION}:zip`
const OLDEST_JAVA = 21
const START_TIMEOUT_MS = 180_000
/** `nobody` on Linux: Elasticsearch does not run as root. */
const UNPRIVILEGED = 65_534

const run = promisify(execFile)

export interface ElasticsearchUser {
  readonly name: string
  readonly password: string
  readonly roles: readonly string[]
}

export interface RealElasticsearch extends AsyncDisposable {
  readonly port: number
  readonly url: string
  /** A user who may do everything. */
  readonly superuser: ElasticsearchUser
  start(): Promise<void>
  stop(): Promise<void>
  /** A request as somebody; the answer with its status. */
  call(user: ElasticsearchUser, method: string, path: string, body?: string): Promise<{ status: number; body: unknown }>
}

/**
 * Field types that the distribution from Maven Central lacks, each with the nearest that it has. It has no ingest
 * processors and no API for data streams and their life cycle either; templates, data streams, logsdb and security are real.
 */
export const absent = {
  match_only_text: 'keyword',
  wildcard: 'keyword',
  constant_keyword: 'keyword',
  scaled_float: 'double',
} as const

/** Why a real Elasticsearch cannot be started here, or undefined. In CI that is an error instead. */
export function noElasticsearch(): string | undefined {
  const missing = [
    ...(javaHome() === undefined ? [`a JDK of version ${OLDEST_JAVA} or newer (ES_JAVA_HOME)`] : []),
    ...(onPath('mvn') || existsSync(cachedDistribution()) ? [] : ['mvn']),
  ]
  if (missing.length === 0) return undefined
  if (process.env['CI']) throw new Error(`no Elasticsearch: missing ${missing.join(' and ')}`)
  return `missing ${missing.join(' and ')}`
}

/**
 * Starts Elasticsearch 9.5 from Maven Central on loopback: security on, users and roles from files, a heap of 512 MB, as
 * `nobody` when we are root. The download is cached outside the repository (`MODELWARD_TEST_CACHE`).
 */
export async function realElasticsearch(
  roles: Readonly<Record<string, unknown>>,
  users: readonly ElasticsearchUser[],
): Promise<RealElasticsearch> {
  const home = await distribution()
  const folder = await mkdtemp(join(tmpdir(), 'modelward-elasticsearch-'))
  const superuser = { name: 'test_superuser', password: randomBytes(12).toString('hex'), roles: ['superuser'] }
  const port = await freePort()
  await writeConfig(home, folder, { port, transportPort: await freePort(), roles, users: [...users, superuser] })
  const node = new Node(home, folder, port, superuser)
  try {
    await node.start()
  } catch (error) {
    await node[Symbol.asyncDispose]()
    throw error
  }
  return node
}

class Node implements RealElasticsearch {
  readonly #home: string
  readonly #folder: string
  readonly port: number
  readonly url: string
  readonly superuser: ElasticsearchUser
  #process: ChildProcess | undefined

  constructor(home: string, folder: string, port: number, superuser: ElasticsearchUser) {
    this.#home = home
    this.#folder = folder
    this.port = port
    this.url = `http://127.0.0.1:${port}`
    this.superuser = superuser
  }

  async start(): Promise<void> {
    giveAway(this.#folder)
    const started = spawn('bash', [join(this.#home, 'bin/elasticsearch')], {
      cwd: this.#folder,
      stdio: 'ignore',
      env: {
        PATH: process.env['PATH'],
        HOME: this.#folder,
        ES_JAVA_HOME: javaHome(),
        ES_JAVA_OPTS: '-Xms512m -Xmx512m',
        ES_PATH_CONF: join(this.#folder, 'config'),
        ES_TMPDIR: join(this.#folder, 'tmp'),
      },
      ...(process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {}),
    })
    this.#process = started
    process.once('exit', () => started.kill('SIGTERM'))
    await this.#ready(started)
  }

  /** The launcher ends the server and then itself. */
  async stop(): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (!running || running.exitCode !== null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    running.kill('SIGTERM')
    await ended
  }

  async call(
    user: ElasticsearchUser,
    method: string,
    path: string,
    body?: string,
  ): Promise<{ status: number; body: unknown }> {
    const authorization = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`
    const type = path.includes('_bulk') ? 'application/x-ndjson' : 'application/json'
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body }),
    })
    return { status: response.status, body: await response.json() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #ready(started: ChildProcess): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS
    while (Date.now() < deadline) {
      if (started.exitCode !== null) throw new Error(`Elasticsearch ended while starting:\n${await this.#log()}`)
      const health = await this.call(this.superuser, 'GET', '/_cluster/health').catch(() => undefined)
      if (health?.status === 200) return
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
    throw new Error(`Elasticsearch was not up after ${START_TIMEOUT_MS} ms:\n${await this.#log()}`)
  }

  async #log(): Promise<string> {
    const path = join(this.#folder, 'logs/modelward-test.log')
    const text = await readFile(path, 'utf8').catch(() => '(no log)')
    return text.split('\n').slice(-40).join('\n')
  }
}

interface NodeSettings {
  readonly port: number
  readonly transportPort: number
  readonly roles: Readonly<Record<string, unknown>>
  readonly users: readonly ElasticsearchUser[]
}

async function writeConfig(home: string, folder: string, settings: NodeSettings): Promise<void> {
  const config = join(folder, 'config')
  await cp(join(home, 'config'), config, { recursive: true })
  for (const name of ['data', 'logs', 'tmp']) await mkdir(join(folder, name))
  const lines = [
    'cluster.name: modelward-test',
    'network.host: 127.0.0.1',
    `http.port: ${settings.port}`,
    `transport.port: ${settings.transportPort}`,
    'discovery.type: single-node',
    'xpack.security.enabled: true',
    `path.data: ${join(folder, 'data')}`,
    `path.logs: ${join(folder, 'logs')}`,
  ]
  await writeFile(join(config, 'elasticsearch.yml'), `${lines.join('\n')}\n`)
  // Elasticsearch cuts this file into roles by its lines before it reads them as YAML, of which JSON is a part.
  const roles = Object.entries(settings.roles).map(([name, role]) => `${name}: ${JSON.stringify(role)}\n`)
  await writeFile(join(config, 'roles.yml'), roles.join(''))
  await writeFile(
    join(config, 'users'),
    settings.users.map((user) => `${user.name}:${hashed(user.password)}\n`).join(''),
  )
  await writeFile(join(config, 'users_roles'), rolesFile(settings.users))
}

function rolesFile(users: readonly ElasticsearchUser[]): string {
  const roles = [...new Set(users.flatMap((user) => user.roles))]
  const membersOf = (role: string): string[] =>
    users.filter((user) => user.roles.includes(role)).map(({ name }) => name)
  return roles.map((role) => `${role}:${membersOf(role).join(',')}\n`).join('')
}

/** The form in which Elasticsearch's file realm keeps a PBKDF2 password. */
function hashed(password: string): string {
  const salt = randomBytes(32)
  const hash = pbkdf2Sync(password, salt, 10_000, 32, 'sha512')
  return `{PBKDF2}10000$${salt.toString('base64')}$${hash.toString('base64')}`
}

/** Elasticsearch unpacked in the cache; fetched when it is not there. */
async function distribution(): Promise<string> {
  const target = cachedDistribution()
  if (existsSync(target)) return target
  await mkdir(cacheFolder(), { recursive: true, mode: 0o755 })
  const work = await mkdtemp(join(cacheFolder(), 'fetch-'))
  try {
    const copy = ['dependency:copy', `-Dartifact=${ARTIFACT}`, `-DoutputDirectory=${work}`]
    await run('mvn', ['-q', '-B', ...copy], { cwd: work, timeout: 600_000, maxBuffer: 16 * 1024 * 1024 })
    const [zip = ''] = (await readdir(work)).filter((name) => name.endsWith('.zip'))
    await run(join(javaHome() ?? '', 'bin/jar'), ['xf', zip], { cwd: work, timeout: 120_000 })
    await rename(join(work, `elasticsearch-${VERSION}`), target)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return target
}

function cachedDistribution(): string {
  return join(cacheFolder(), `elasticsearch-${VERSION}`)
}

/** As root, a place that `nobody` can read too. */
function cacheFolder(): string {
  const usual = process.getuid?.() === 0 ? '/var/cache/modelward-tests' : join(homedir(), '.cache/modelward-tests')
  return process.env['MODELWARD_TEST_CACHE'] ?? usual
}

/** The newest JDK that is new enough, from ES_JAVA_HOME or where JDKs usually are. */
function javaHome(): string | undefined {
  const named = Object.entries(process.env).filter(([name]) => name === 'ES_JAVA_HOME' || name.startsWith('JAVA_HOME'))
  const homes = [
    ...named.map(([, path]) => path ?? ''),
    ...['/usr/lib/jvm', '/opt', join(homedir(), '.sdkman/candidates/java')].flatMap(foldersIn),
  ]
  const versions = homes
    .map((home) => ({ home, version: javaVersion(home) }))
    .filter(({ version }) => version >= OLDEST_JAVA)
  return versions.toSorted((a, b) => b.version - a.version)[0]?.home
}

function foldersIn(path: string): string[] {
  return existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : []
}

function javaVersion(home: string): number {
  if (!existsSync(join(home, 'bin/jar')) || !existsSync(join(home, 'release'))) return 0
  return Number(/^JAVA_VERSION="(\d+)/m.exec(readFileSync(join(home, 'release'), 'utf8'))?.[1] ?? 0)
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)))
}

function giveAway(folder: string): void {
  if (process.getuid?.() !== 0) return
  chownSync(folder, UNPRIVILEGED, UNPRIVILEGED)
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    chownSync(join(folder, name), UNPRIVILEGED, UNPRIVILEGED)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
