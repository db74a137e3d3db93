import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readUnit } from './service.ts'

const file = join(import.meta.dirname, '../../packaging/modelward.service')
const text = readFileSync(file, 'utf8')
const unit = readUnit(text)

/** systemd's own scale: 0 is locked in, 10 is anything goes; up to here it says OK. */
const MOST_EXPOSURE = 2

describe('the systemd unit', () => {
  test.each([
    ['DynamicUser', 'yes'],
    ['NoNewPrivileges', 'yes'],
    ['ProtectSystem', 'strict'],
    ['ProtectHome', 'yes'],
    ['PrivateTmp', 'yes'],
    ['PrivateDevices', 'yes'],
    ['PrivateMounts', 'yes'],
    ['ProtectKernelTunables', 'yes'],
    ['ProtectKernelModules', 'yes'],
    ['ProtectKernelLogs', 'yes'],
    ['ProtectControlGroups', 'yes'],
    ['ProtectClock', 'yes'],
    ['ProtectHostname', 'yes'],
    ['ProtectProc', 'invisible'],
    ['RestrictNamespaces', 'yes'],
    ['RestrictRealtime', 'yes'],
    ['RestrictSUIDSGID', 'yes'],
    ['LockPersonality', 'yes'],
    ['SystemCallArchitectures', 'native'],
    ['RestrictAddressFamilies', 'AF_INET AF_INET6 AF_UNIX'],
    ['UMask', '0077'],
    ['LimitCORE', '0'],
  ])('sets %s to %s', (key, value) => {
    expect(unit.get(`Service.${key}`)).toEqual([value])
  })

  test('has no capability and allows only the system calls of an ordinary service', () => {
    expect(unit.get('Service.CapabilityBoundingSet')).toEqual([])
    expect(unit.get('Service.AmbientCapabilities')).toEqual([])
    expect(unit.get('Service.SystemCallFilter')).toEqual(['@system-service', '~@privileged @resources'])
  })

  test('never runs as root', () => {
    expect(unit.get('Service.User')).toBeUndefined()
    expect(unit.get('Service.Group')).toBeUndefined()
  })

  test('keeps its data in the state directory, that nobody else may enter', () => {
    const [command = ''] = unit.get('Service.ExecStart') ?? []
    expect(command).toContain(`--data /var/lib/${unit.get('Service.StateDirectory')?.[0]}`)
    expect(unit.get('Service.StateDirectoryMode')).toEqual(['0700'])
  })

  test('reloads by the signal that the daemon takes for it', () => {
    expect(unit.get('Service.ExecReload')?.[0]).toContain('-HUP')
  })
})

const analyze = spawnSync('systemd-analyze', ['--version']).status === 0
if (!analyze) process.stderr.write('skipping the look of systemd-analyze at the unit: it is not installed\n')

describe.skipIf(!analyze)('to systemd itself, the unit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'modelward-unit-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  test('is without fault', () => {
    // The program of this test stands in, because verify wants it to be there.
    const copy = join(folder, 'modelward.service')
    writeFileSync(copy, text.replace('/usr/bin/node', process.execPath))
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', copy], { encoding: 'utf8' })
    expect(stderr).not.toContain('modelward.service')
    expect(status).toBe(0)
  })

  test('a misspelt setting would be seen', () => {
    const copy = join(folder, 'misspelt.service')
    writeFileSync(copy, text.replace('/usr/bin/node', process.execPath).replace('ProtectHome=', 'ProtectHouse='))
    const { stderr } = spawnSync('systemd-analyze', ['verify', copy], { encoding: 'utf8' })
    expect(stderr).toContain('ProtectHouse')
  })

  test(`exposes no more than ${MOST_EXPOSURE} of 10`, () => {
    const out = execFileSync('systemd-analyze', ['security', '--offline=true', '--no-pager', file], {
      encoding: 'utf8',
    })
    const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(out)?.[1])
    expect(exposure).toBeGreaterThan(0)
    expect(exposure).toBeLessThanOrEqual(MOST_EXPOSURE)
  })
})
