import { expect, test } from 'vitest'
import { ConsoleConfig } from '../../src/console/config.ts'

test('nothing need be said: loopback, decisions open', () => {
  expect(ConsoleConfig.parse({})).toEqual({
    listen: { host: '127.0.0.1', port: 8687 },
    sessionHours: 12,
    decisionsOpen: true,
    maxConnections: 512,
  })
})

test('listening beyond this machine in clear is refused, with the cure', () => {
  for (const listen of ['0.0.0.0:8687', '[::]:8687', '10.1.2.3:80', 'console.example.org:443']) {
    const result = ConsoleConfig.safeParse({ listen })
    expect(result.error?.issues[0]?.path).toEqual(['tls'])
    expect(result.error?.issues[0]?.message).toContain('add tls {cert, key}')
  }
})

test('with TLS it may, and decisions then need a token unless they are opened', () => {
  const tls = { cert: '/c.pem', key: '/k.pem' }
  expect(ConsoleConfig.parse({ listen: '0.0.0.0:8687', tls }).decisionsOpen).toBe(false)
  expect(ConsoleConfig.parse({ listen: '0.0.0.0:8687', tls, decisionsOpen: true }).decisionsOpen).toBe(true)
})

test('every loopback name is one', () => {
  for (const listen of ['localhost:1', '[::1]:1', '127.9.9.9:1', ':1'])
    expect(ConsoleConfig.safeParse({ listen }).success).toBe(true)
})

test('unknown keys and addresses that are none are errors', () => {
  for (const wrong of [
    { port: 1 },
    { listen: '127.0.0.1' },
    { listen: '127.0.0.1:70000' },
    { sessionHours: 0 },
    { tls: {} },
  ])
    expect(ConsoleConfig.safeParse(wrong).success).toBe(false)
})
