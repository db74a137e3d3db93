import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/daemon.ts'
import { BuiltImage, noImageTools } from './image.ts'

/** Debian's minimal system and Node are 230 MB of it. */
const MOST_BYTES = 320e6

const reason = noImageTools()
if (reason !== undefined) process.stderr.write(`skipping the tests of the image: ${reason}\n`)

describe.skipIf(reason !== undefined)('the image', () => {
  const marker = `modelward-marker-${randomBytes(12).toString('hex')}`
  let image: BuiltImage
  let host: string

  beforeAll(async () => {
    const began = performance.now()
    image = await BuiltImage.build(marker)
    const seconds = ((performance.now() - began) / 1000).toFixed(0)
    process.stderr.write(`built the image in ${seconds} s: ${(image.size / 1e6).toFixed(0)} MB\n`)
    host = mkdtempSync(join(tmpdir(), 'modelward-host-'))
  })
  afterAll(() => {
    image?.remove()
    if (host) rmSync(host, { recursive: true })
  })

  test('says what an engine must know: who runs it, what is written, how it is asked for its health', () => {
    expect(image.config).toMatchObject({
      User: '65532:65532',
      Entrypoint: ['node', '/opt/modelward/dist/cli/main.js'],
      Volumes: { '/var/lib/modelward': {} },
    })
    expect(image.config.Healthcheck.Test.slice(0, 2)).toEqual(['CMD', 'node'])
  })

  test('is small', () => {
    expect(image.size).toBeGreaterThan(50e6)
    expect(image.size).toBeLessThan(MOST_BYTES)
  })

  test('keeps nothing of the registry settings and certificates it was built with', () => {
    expect(image.manifest).not.toContain(marker)
    const { status, stdout } = spawnSync('grep', ['-rlF', marker, image.rootFolder], { encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(readdirSync(join(image.rootFolder, 'root'))).not.toContain('.npmrc')
    expect(readdirSync(join(image.rootFolder, 'run'))).not.toContain('secrets')
  })

  test('holds no sources, tests or development tools', () => {
    const program = join(image.rootFolder, 'opt/modelward')
    expect(readdirSync(program).toSorted()).toEqual([
      'LICENSE',
      'dashboards',
      'dist',
      'node_modules',
      'package.json',
      'rules',
    ])
    const { devDependencies } = JSON.parse(readFileSync(join(program, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>
    }
    const installed = readdirSync(join(program, 'node_modules'))
    expect(installed).toContain('zod')
    expect(installed.filter((name) => name in devDependencies)).toEqual([])
    const typescript = readdirSync(join(program, 'dist'), { recursive: true, encoding: 'utf8' })
    expect(typescript.filter((name) => name.endsWith('.ts'))).toEqual([])
  })

  test('has no program that runs with more rights than its caller, and nothing that its user may change', () => {
    const found = (...expression: string[]): string =>
      execFileSync('find', [image.rootFolder, '-xdev', ...expression, '-printf', '/%P\n'], { encoding: 'utf8' })
    expect(found('-type', 'f', '-perm', '/6000')).toBe('')
    expect(found('-user', '65532')).toBe('/var/lib/modelward\n')
    const open = found('-perm', '/0002', '!', '-type', 'l', '!', '-type', 'c').split('\n').filter(Boolean)
    expect(open.filter((path) => !['/tmp', '/var/tmp', '/run/lock'].includes(path))).toEqual([])
  })

  test('can write to its volume and to nothing else', async () => {
    const attempt = `
      const { writeFileSync } = require('node:fs')
      const tried = ['/', '/tmp', '/var/tmp', '/run', '/dev', '/etc/modelward', '/opt/modelward', '/var/lib/modelward']
      const results = tried.map((folder) => {
        try { writeFileSync(folder + '/attempt', ''); return folder + ' written' }
        catch (error) { return folder + ' ' + error.code }
      })
      console.log(JSON.stringify({ uid: process.getuid(), gid: process.getgid(), pid: process.pid, results }))`
    const { out, err } = await image.run(['node', '-e', attempt])
    expect(err).toBe('')
    const { results, ...who } = JSON.parse(out) as { results: string[] }
    expect(who).toEqual({ uid: 65_532, gid: 65_532, pid: 1 })
    expect(results.filter((result) => result.endsWith('written'))).toEqual(['/var/lib/modelward written'])
    expect(results).toContain('/tmp EROFS')
    rmSync(join(image.volume, 'attempt'))
  })

  test('shows its help', async () => {
    const { code, out, err } = await image.run([...image.config.Entrypoint, '--help'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('usage: modelward')
  })

  test('finds its embedded rules and playbooks beside dist', async () => {
    const { code, out } = await image.run([...image.config.Entrypoint, 'check', '--json'])
    expect(code).toBe(0)
    expect(out).not.toContain('"rules":0')
  })

  test('watches with a read-only root: raises an alert, is healthy while it runs, and writes to its volume only', async () => {
    const mounts = place(host)
    const before = image.listing()
    const daemon = image.start([...image.config.Entrypoint, ...image.config.Cmd], mounts)
    const [, ...healthcheck] = image.config.Healthcheck.Test
    const health = async (): Promise<number | null> => (await image.run(healthcheck, mounts)).code

    await eventually('the health of the daemon', health, (code) => code === 0, 60_000)
    const alerts = await eventually(
      'the alert',
      () => linesOf(join(image.volume, 'alerts.ndjson')),
      (lines) => lines > 0,
    )
    expect(alerts).toBe(1)

    daemon.stop()
    const ended = await daemon.ended
    expect(ended, ended.err).toMatchObject({ code: 0, signal: null })
    expect(await health()).toBe(1)
    expect(image.listing()).toBe(before)
    expect(readdirSync(image.volume)).toEqual(expect.arrayContaining(['modelward.db', 'audit.key']))
    for (const name of readdirSync(image.volume)) expect(statSync(join(image.volume, name)).uid).toBe(65_532)
  })
})

/** A config and a log on the host: somebody stops CloudTrail. Returns where the image shall see them. */
function place(host: string): Readonly<Record<string, string>> {
  const [settings, logs] = [join(host, 'settings'), join(host, 'logs')]
  for (const folder of [settings, logs]) mkdirSync(folder)
  const record = { eventVersion: '1.08', eventSource: 'cloudtrail.amazonaws.com', eventName: 'StopLogging' }
  const details = {
    eventTime: new Date().toISOString(),
    awsRegion: 'eu-central-1',
    eventID: randomBytes(16).toString('hex'),
  }
  const userIdentity = { type: 'IAMUser', userName: 'eve', arn: 'arn:aws:iam::111122223333:user/eve' }
  writeFileSync(join(logs, 'trail.json'), `${JSON.stringify({ ...record, ...details, userIdentity })}\n`)
  writeFileSync(
    join(settings, 'modelward.yaml'),
    `
collect: [{kind: file, paths: [/var/log/*.json], pollMs: 50}]
alert: {group_wait: 0s}
deliver: [{kind: file, path: alerts.ndjson}]
console: {listen: '127.0.0.1:0'}
`,
  )
  for (const folder of [host, settings, logs]) execFileSync('chmod', ['0755', folder])
  return { '/etc/modelward': settings, '/var/log': logs }
}

function linesOf(file: string): number {
  try {
    return readFileSync(file, 'utf8').split('\n').length - 1
  } catch {
    return 0
  }
}
