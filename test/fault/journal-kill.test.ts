import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { seededRandom } from '../../src/runtime/random.ts'

const program = fileURLToPath(new URL('./journal-child.ts', import.meta.url))
const folders: string[] = []
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

interface Child {
  readonly process: ChildProcess
  readonly address: string
}

/** `through` is a program that starts the child, such as strace. */
async function started(folder: string, through: readonly string[] = []): Promise<Child> {
  const [command, ...args] = [...through, process.execPath, program, folder]
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
  })
  children.push(child)
  const lines = createInterface({ input: child.stdout })
  const [address] = (await once(lines, 'line')) as [string]
  return { process: child, address }
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'journal-kill-'))
  folders.push(folder)
  return folder
}

/** The status, or undefined when there was no answer. */
function post(address: string, body: string, agent: Agent, key?: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const [host, port] = address.split(':')
    const headers = key === undefined ? {} : { 'idempotency-key': key }
    const sent = request({ host, port, method: 'POST', agent, headers }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode))
      response.once('error', () => resolve(undefined))
    })
    sent.once('error', () => resolve(undefined))
    sent.end(body)
  })
}

/** The records that were committed, in order. */
function committed(folder: string): string[] {
  const text = readFileSync(join(folder, 'committed.ndjson'), 'utf8')
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => (JSON.parse(line) as { records: string[] }).records)
}

function bodyOf(id: string): string {
  return `{"id":"${id}a","pad":"${'x'.repeat(300)}"}\n{"id":"${id}b"}\n`
}

function idsOf(records: readonly string[]): string[] {
  return records.map((record) => (JSON.parse(record) as { id: string }).id)
}

describe('kill -9', () => {
  test('at any moment under load loses nothing that was answered, and a repeat under its key counts once', async () => {
    const seed = Date.now() & 0xffff
    const random = seededRandom(seed)
    const folder = newFolder()
    const answered: string[] = []
    let issued = 0
    for (let round = 0; round < 30; round++) {
      const child = await started(folder)
      const agent = new Agent({ keepAlive: true })
      const over = new AbortController()
      const exited = once(child.process, 'exit')
      const senders = Array.from({ length: 8 }, async () => {
        while (!over.signal.aborted) {
          const id = `${issued++}`
          if ((await post(child.address, bodyOf(id), agent, id)) === 202) answered.push(id)
          else await exited
        }
      })
      await new Promise((resolve) => setTimeout(resolve, 20 + random.next() * 250))
      child.process.kill('SIGKILL')
      await exited
      over.abort()
      await Promise.all(senders)
      agent.destroy()
    }
    const last = await started(folder)
    const agent = new Agent({ keepAlive: true })
    // Everything that got no answer is sent again, and some of what did.
    for (let id = 0; id < issued; id++)
      if (!answered.includes(String(id)) || id % 50 === 0)
        expect(await post(last.address, bodyOf(String(id)), agent, String(id))).toBe(202)
    await expect.poll(() => committed(folder).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(2 * issued)
    last.process.kill('SIGKILL')
    agent.destroy()
    const ids = idsOf(committed(folder))
    expect(answered.length, `seed ${seed}`).toBeGreaterThan(100)
    expect(ids.length, `seed ${seed}: each exactly once`).toBe(2 * issued)
    expect(new Set(ids).size, `seed ${seed}`).toBe(2 * issued)
  })
})

describe('a disk that fails under the journal', () => {
  test('ends the process, and after a restart nothing that was answered is missing', async ({ skip }) => {
    const failing = (call: string) => [
      'strace',
      '-f',
      '-qq',
      '-o',
      '/dev/null',
      '-e',
      `trace=${call}`,
      '-e',
      `inject=${call}:error=EIO:when=12+`,
    ]
    const canTrace = await works([...failing('fdatasync'), 'true'])
    if (!canTrace && process.env['CI']) throw new Error('strace is missing or may not trace')
    skip(!canTrace, 'strace is missing or may not trace')
    const folder = newFolder()
    const answered: string[] = []
    let issued = 0
    for (let round = 0; round < 3; round++) {
      const child = await started(folder, failing('fdatasync'))
      const exited = once(child.process, 'exit')
      const agent = new Agent({ keepAlive: true })
      const statuses: (number | undefined)[] = []
      while (
        statuses.length < 100 &&
        statuses.at(-1) !== 503 &&
        !(statuses.length > 0 && statuses.at(-1) === undefined)
      ) {
        const id = `${issued++}`
        statuses.push(await post(child.address, bodyOf(id), agent, id))
        if (statuses.at(-1) === 202) answered.push(id)
      }
      expect(statuses[0]).toBe(202)
      expect(statuses.at(-1)).not.toBe(202)
      const [code] = (await exited) as [number | null]
      expect(code).toBe(1)
      agent.destroy()
    }
    const last = await started(folder)
    await expect.poll(() => idsOf(committed(folder)).length).toBeGreaterThanOrEqual(2 * answered.length)
    last.process.kill('SIGKILL')
    const ids = idsOf(committed(folder))
    expect(answered.filter((id) => !ids.includes(`${id}a`) || !ids.includes(`${id}b`))).toEqual([])
    expect(new Set(ids).size).toBe(ids.length)
  })
})

async function works([command = '', ...args]: readonly string[]): Promise<boolean> {
  const child = spawn(command, args, { stdio: 'ignore' })
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null))
    child.once('exit', resolve)
  })
  return code === 0
}
