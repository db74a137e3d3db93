import { describe, expect, test } from 'vitest'
import { HttpConfig } from '../../../src/collect/http/config.ts'
import { isLoopback } from '../../../src/runtime/listen.ts'
import { http } from '../../../src/collect/http/http.ts'

function problems(config: unknown): string[] {
  const parsed = HttpConfig.safeParse(config)
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('the config of a listener', () => {
  test('is quiet by default: loopback, no authentication, every limit set', () => {
    expect(HttpConfig.parse({})).toMatchObject({
      listen: { host: '127.0.0.1', port: 8686 },
      limits: { bodyBytes: 20 * 1024 * 1024, ratio: 100, depth: 64, recordBytes: 1024 * 1024, maxConnections: 256 },
      maxJournalBytes: 1024 * 1024 * 1024,
    })
  })

  test('refuses to listen beyond this machine without authentication, and says how', () => {
    for (const listen of ['0.0.0.0:8686', '[::]:8686', '10.0.0.1:1', 'host.example.org:80', '127.0.0.1.example.org:80'])
      expect(problems({ listen })).toEqual([expect.stringMatching(/^auth: .*add auth .*or listen on 127\.0\.0\.1/)])
    expect(problems({ listen: '0.0.0.0:8686', auth: { bearer: ['${env:TOKEN}'] } })).toEqual([])
  })

  test.each([
    ['127.0.0.1:0', '127.0.0.1', 0],
    [':0', '127.0.0.1', 0],
    ['localhost:80', 'localhost', 80],
    ['[::1]:8686', '::1', 8686],
  ])('reads %s', (listen, host, port) => {
    expect(HttpConfig.parse({ listen }).listen).toEqual({ host, port })
  })

  test.each(['8686', 'host', '::1:80', '127.0.0.1:99999', '127.0.0.1:x', 'a b:1'])('does not read %s', (listen) => {
    expect(problems({ listen, auth: { bearer: ['${env:TOKEN}'] } })).toHaveLength(1)
  })

  test('refuses unknown keys, secrets in clear and two kinds of TLS', () => {
    expect(problems({ listen: 'x' })).toHaveLength(1)
    expect(problems({ limits: { bodybytes: 1 } })).toHaveLength(1)
    expect(problems({ auth: { bearer: ['secret'] } })).toEqual([
      expect.stringMatching(/^auth\.bearer\.0: a secret is given by reference/),
    ])
    expect(problems({ auth: {} })).toEqual(['auth: choose one of bearer, hmac and mtls'])
    expect(problems({ auth: { bearer: ['${env:A}'], hmac: ['${env:B}'] } })).toHaveLength(1)
    const files = { cert: 'c', key: 'k' }
    expect(problems({ tls: files, auth: { mtls: { ca: 'a', ...files } } })).toEqual([
      'tls: auth.mtls already names certificate and key: drop tls',
    ])
  })

  test('has examples that work', () => {
    for (const example of http.examples) expect(problems(example)).toEqual([])
  })

  test('takes 127.0.0.0/8, ::1 and localhost for this machine, and nothing else', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost'].every(isLoopback)).toBe(true)
    expect(['0.0.0.0', '::', '127.0.0.1.nip.io', '::ffff:127.0.0.1', '128.0.0.1', ''].some(isLoopback)).toBe(false)
  })
})
