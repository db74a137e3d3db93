import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { DaemonStatus, SinkStatus, SourceStatus } from '../../src/contract/desk.ts'

const root = resolve(import.meta.dirname, '../..')
/** Daemons that are started hundreds of times take compiled modules from here: twice as quick a start. */
const compiled = join(tmpdir(), 'modelward-test-compiled')

export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** One data directory and config, and the daemon processes that are started on it, one after another. */
export class DaemonHouse {
  readonly folder = mkdtempSync(join(tmpdir(), 'modelward-house-'))
  /** The data directory; another one makes another daemon over the same sources. */
  data = join(this.folder, 'data')
  readonly configFile = join(this.folder, 'modelward.yaml')
  #child: ChildProcess | undefined
  #finished: Promise<Finished> | undefined

  constructor(config: string) {
    this.configure(config)
  }

  configure(config: string): void {
    writeFileSync(this.configFile, config)
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  /** Starts the daemon; with `prefix`, under another program such as strace. */
  start(environment: Readonly<Record<string, string>> = {}, prefix: readonly string[] = []): void {
    rmSync(join(this.data, 'console.json'), { force: true })
    const [program, ...args] = [
      ...prefix,
      process.execPath,
      join(root, 'src/cli/main.ts'),
      'run',
      '-c',
      this.configFile,
      '--data',
      this.data,
    ]
    const env = { ...process.env, NODE_COMPILE_CACHE: compiled, ...environment }
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err = (err + chunk.toString()).slice(-20_000)))
    this.#child = child
    this.#finished = new Promise((done) => child.on('close', (code, signal) => done({ code, signal, out, err })))
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves when the process has ended. */
  get finished(): Promise<Finished> {
    if (!this.#finished) throw new Error('no daemon was started')
    return this.#finished
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
    this.#child?.kill(signal)
    return this.finished
  }

  /** Waits until the console answers that the daemon is ready; false when the process ended first. */
  async ready(withinMs = 20_000): Promise<boolean> {
    const until = Date.now() + withinMs
    while (this.isRunning && Date.now() < until) {
      const reply = await this.api('/-/ready').catch(() => undefined)
      if (reply?.status === 200) return true
      await pause(25)
    }
    return false
  }

  /** The console's address and token, as the daemon notes them in its data directory. */
  async api(path: string, init: RequestInit = {}): Promise<Response> {
    const note = join(this.data, 'console.json')
    if (!existsSync(note)) throw new Error('no console yet')
    const { address } = JSON.parse(readFileSync(note, 'utf8')) as { address: string }
    const token = readFileSync(join(this.data, 'console.token'), 'utf8').trim()
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    return fetch(new URL(path, address), { ...init, headers, signal: AbortSignal.timeout(5_000) })
  }

  async status(): Promise<DaemonStatus> {
    return (await (await this.api('/api/v1/status')).json()) as DaemonStatus
  }

  async sources(): Promise<readonly SourceStatus[]> {
    return ((await (await this.api('/api/v1/sources')).json()) as { sources: SourceStatus[] }).sources
  }

  async sinks(): Promise<readonly SinkStatus[]> {
    return ((await (await this.api('/api/v1/sinks')).json()) as { sinks: SinkStatus[] }).sinks
  }

  /** Where a listening source can be reached, once it listens: the console does a moment before. */
  async sourceAddress(name: string): Promise<string> {
    const address = await eventually(
      `source ${name} listens`,
      async () => (await this.sources()).find((source) => source.name === name)?.address,
      (found) => found !== undefined,
    )
    return address ?? ''
  }

  /** One value of the metrics, by its name with labels as they are written; undefined when there is none. */
  async metric(name: string): Promise<number | undefined> {
    const text = await (await this.api('/metrics')).text()
    const line = text.split('\n').find((each) => each.startsWith(`${name} `))
    return line === undefined ? undefined : Number(line.slice(name.length + 1))
  }

  remove(): void {
    this.#child?.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}

/** Asks again and again until `holds`; throws with `what` when time is up. A question that fails is asked again. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T> | T,
  holds: (value: T) => boolean,
  withinMs = 30_000,
): Promise<T> {
  const until = Date.now() + withinMs
  let last: T | undefined
  let failure: unknown
  while (Date.now() < until) {
    try {
      last = await ask()
      failure = undefined
      if (holds(last)) return last
    } catch (error) {
      failure = error
    }
    await pause(50)
  }
  throw new Error(`${what}: last seen ${JSON.stringify(last)?.slice(0, 500)}`, { cause: failure })
}
