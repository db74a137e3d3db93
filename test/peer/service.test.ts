import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { readUnit, systemCalls } from '../packaging/service.ts'
import { DaemonHouse, eventually } from '../support/daemon.ts'

const unit = readUnit(readFileSync(join(import.meta.dirname, '../../packaging/modelward.service'), 'utf8'))

/** SQLite gives new files to their directory's owner, but only when it runs as root, which the service never does. */
const ONLY_AS_ROOT = ['fchown', 'chown']

const reason = missing()
if (reason !== undefined) process.stderr.write(`skipping the test of the service's system calls: ${reason}\n`)

let house: DaemonHouse | undefined
afterEach(() => house?.remove())

describe.skipIf(reason !== undefined)('under systemd', () => {
  test('the daemon calls for nothing that its unit forbids', async () => {
    house = new DaemonHouse('')
    const [logs, calls, alerts] = [house.path('logs'), house.path('calls'), house.path('alerts.ndjson')]
    mkdirSync(logs)
    house.configure(`
collect: [{kind: file, paths: [${logs}/*.json], pollMs: 50}, {kind: http, name: push, listen: '127.0.0.1:0'}]
alert: {group_wait: 0s}
deliver: [{kind: file, path: ${alerts}}]
console: {listen: '127.0.0.1:0'}
`)
    house.start({}, ['strace', '-f', '-c', '-U', 'name', '-o', calls])
    expect(await house.ready(), 'the daemon came up').toBe(true)
    const event = { eventSource: 'cloudtrail.amazonaws.com', eventName: 'StopLogging', eventVersion: '1.08' }
    writeFileSync(join(logs, 'trail.json'), `${JSON.stringify({ ...event, eventTime: new Date().toISOString() })}\n`)
    await fetch(`http://${await house.sourceAddress('push')}/ingest`, { method: 'POST', body: '{"a":1}' })
    await eventually(
      'an alert',
      () => linesOf(alerts),
      (lines) => lines > 0,
    )
    const daemon = JSON.parse(readFileSync(join(house.data, 'console.json'), 'utf8')) as { pid: number }
    process.kill(daemon.pid, 'SIGHUP')
    await house.status()
    process.kill(daemon.pid, 'SIGTERM')
    expect((await house.finished).code).toBe(0)

    const called = callsIn(calls)
    expect(called).toEqual(expect.arrayContaining(['execve', 'openat', 'bind', 'fdatasync']))
    const allowed = allowedBy(unit.get('Service.SystemCallFilter') ?? [])
    expect(called.filter((name) => !allowed.has(name) && !ONLY_AS_ROOT.includes(name))).toEqual([])
  })

  test('what the unit forbids would be seen', () => {
    const allowed = allowedBy(unit.get('Service.SystemCallFilter') ?? [])
    for (const name of ['mount', 'ptrace', 'setuid', 'bpf', 'kexec_load', 'setrlimit'])
      expect(allowed.has(name)).toBe(false)
  })
})

/** As systemd reads it: each line adds sets, or with ~ takes them away. */
function allowedBy(filter: readonly string[]): ReadonlySet<string> {
  const allowed = new Set<string>()
  for (const line of filter) {
    const names = systemCalls(...line.replace('~', '').split(' '))
    for (const name of names)
      if (line.startsWith('~')) allowed.delete(name)
      else allowed.add(name)
  }
  return allowed
}

/** The names in a table as `strace -c -U name` writes it. */
function callsIn(file: string): readonly string[] {
  const names = readFileSync(file, 'utf8').split('\n').slice(2)
  return names.map((line) => line.trim()).filter((name) => /^[a-z_0-9]+$/.test(name) && name !== 'total')
}

function linesOf(file: string): number {
  try {
    return readFileSync(file, 'utf8').split('\n').length - 1
  } catch {
    return 0
  }
}

/** Why the test cannot run here. In CI a missing strace is an error; systemd is not part of every machine. */
function missing(): string | undefined {
  if (spawnSync('systemd-analyze', ['syscall-filter', '@system-service']).status !== 0)
    return 'systemd-analyze is missing'
  if (spawnSync('strace', ['-e', 'trace=none', 'true']).status === 0) return undefined
  if (process.env['CI']) throw new Error('strace is missing or may not trace here')
  return 'strace is missing or may not trace here'
}
