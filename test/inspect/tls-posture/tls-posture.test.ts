import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import type { Fields } from '../../../src/contract/event.ts'
import type { Observation } from '../../../src/contract/inspect.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { TlsPostureConfig } from '../../../src/inspect/tls-posture/config.ts'
import { tlsPosture } from '../../../src/inspect/tls-posture/tls-posture.ts'
import { given } from '../../support/given.ts'
import { Endpoints } from './endpoints.ts'

const endpoints = new Endpoints()
afterAll(() => endpoints[Symbol.asyncDispose]())
const sound = endpoints.identity(-10, 300)
const OLD = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const

async function inspect(config: Record<string, unknown>, signal?: AbortSignal): Promise<readonly Observation[]> {
  const parsed = TlsPostureConfig.parse({ timeoutMs: 3_000, ca: endpoints.ca, ...config })
  const check = await tlsPosture.open(parsed, { ...given(), clock: systemClock })
  try {
    return await check.inspect(signal ?? new AbortController().signal)
  } finally {
    await check[Symbol.asyncDispose]()
  }
}

async function seenAt(endpoint: string, config: Record<string, unknown> = {}): Promise<Fields> {
  const [observation] = await inspect({ endpoints: [endpoint], ...config })
  return observation?.fields ?? {}
}

describe('an endpoint in good order', () => {
  test('is seen with its protocol, its certificate and how long that lasts', async () => {
    const endpoint = await endpoints.tls(sound)
    const before = Date.now()
    const [observation] = await inspect({ endpoints: [endpoint] })
    expect(observation?.subject).toBe(endpoint)
    expect(observation?.at).toBeGreaterThanOrEqual(before)
    expect(observation?.fields).toEqual({
      endpoint,
      reachable: true,
      protocol: 'TLSv1.3',
      certificateExpiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      certificateDaysLeft: 299,
      certificateExpired: false,
      certificateExpiresSoon: false,
      certificateSubject: 'CN=leaf 1',
      certificateIssuer: 'CN=Test Root',
      certificateFingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      certificateTrusted: true,
      plainHttpAnswered: false,
    })
  })

  test('is not trusted without the root that signed it', async () => {
    const endpoint = await endpoints.tls(sound)
    expect(await seenAt(endpoint, { ca: undefined })).toMatchObject({
      certificateTrusted: false,
      certificateProblem: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    })
  })
})

describe('a certificate', () => {
  test('that expires within the days of the config is said to expire soon', async () => {
    const endpoint = await endpoints.tls(endpoints.identity(-80, 10))
    expect(await seenAt(endpoint)).toMatchObject({
      certificateDaysLeft: 9,
      certificateExpiresSoon: true,
      certificateExpired: false,
      certificateTrusted: true,
    })
    expect(await seenAt(endpoint, { expiresWithinDays: 5 })).toMatchObject({ certificateExpiresSoon: false })
  })

  test('that has expired has less than no days left', async () => {
    const endpoint = await endpoints.tls(endpoints.identity(-90, -2.5))
    expect(await seenAt(endpoint)).toMatchObject({
      certificateDaysLeft: -3,
      certificateExpired: true,
      certificateExpiresSoon: true,
      certificateTrusted: false,
      certificateProblem: 'CERT_HAS_EXPIRED',
    })
  })

  test('for another name is not trusted', async () => {
    const endpoint = await endpoints.tls(endpoints.identity(-1, 100, 'DNS:elsewhere.example'))
    expect(await seenAt(endpoint)).toMatchObject({
      certificateTrusted: false,
      certificateProblem: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
  })

  test('that signs itself is not trusted, unless it is the given root', async () => {
    const self = endpoints.selfSigned()
    const endpoint = await endpoints.tls(self)
    expect(await seenAt(endpoint)).toMatchObject({ certificateProblem: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    expect(await seenAt(endpoint, { ca: self.path })).toMatchObject({ certificateTrusted: true })
  })
})

describe('protocols', () => {
  test('below the minimum are named when they are accepted', async () => {
    const endpoint = await endpoints.tls({ ...sound, ...OLD })
    expect(await seenAt(endpoint)).toMatchObject({ protocol: 'TLSv1.3', legacyProtocols: ['TLSv1', 'TLSv1.1'] })
    expect(await seenAt(endpoint, { minimum: 'TLSv1.3' })).toMatchObject({
      legacyProtocols: ['TLSv1', 'TLSv1.1', 'TLSv1.2'],
    })
  })

  test('of a server that knows nothing newer are found all the same', async () => {
    const endpoint = await endpoints.tls({ ...sound, ...OLD, maxVersion: 'TLSv1.1' })
    expect(await seenAt(endpoint)).toMatchObject({
      reachable: true,
      protocol: 'TLSv1.1',
      legacyProtocols: ['TLSv1', 'TLSv1.1'],
      certificateTrusted: true,
    })
  })

  test('of a server that asks for our certificate are seen, and so is its own', async () => {
    const ca = readFileSync(endpoints.ca, 'utf8')
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const endpoint = await endpoints.tls({ ...sound, ca, requestCert: true, rejectUnauthorized: true, maxVersion })
      expect(await seenAt(endpoint)).toMatchObject({ protocol: maxVersion, certificateSubject: 'CN=leaf 1' })
    }
  })
})

describe('plain HTTP', () => {
  test('that is served on the port is seen, and that there is no TLS', async () => {
    const endpoint = await endpoints.http(200)
    const fields = await seenAt(endpoint)
    expect(fields).toMatchObject({
      reachable: true,
      plainHttpAnswered: true,
      plainHttpStatus: 200,
      plainHttpPort: Number(new URL(endpoint).port),
    })
    expect(fields['problem']).toMatch(/^ERR_SSL_|^EPROTO/)
    expect(fields).not.toHaveProperty('protocol')
    expect(fields).not.toHaveProperty('certificateTrusted')
  })

  test.each([
    [301, { location: 'https://elsewhere.example/' }, false],
    [301, { location: 'http://elsewhere.example/' }, true],
    [302, {}, true],
    [400, {}, false],
    [426, {}, false],
    [404, {}, true],
  ])('answered with %i %j is served: %s', async (status, headers, isServed) => {
    const endpoint = await endpoints.http(status, { ...headers })
    expect((await seenAt(endpoint))['plainHttpAnswered']).toBe(isServed)
  })
})

describe('what cannot be reached', () => {
  test('is an observation, not an error', async () => {
    const closed = await endpoints.closedPort()
    expect(await seenAt(closed)).toEqual({
      endpoint: closed,
      reachable: false,
      problem: 'ECONNREFUSED',
      plainHttpAnswered: false,
    })
    expect((await seenAt('https://nowhere.invalid'))['reachable']).toBe(false)
  })

  test('or never answers is given up after the timeout, once', async () => {
    const startedAt = performance.now()
    const fields = await seenAt(await endpoints.mute(), { timeoutMs: 200 })
    expect(fields).toMatchObject({ reachable: true, problem: 'ETIMEDOUT', plainHttpAnswered: false })
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })

  test('does not keep the others from being seen', async () => {
    const good = await endpoints.tls(sound)
    const all = [
      await endpoints.closedPort(),
      good,
      ...(await Promise.all(Array.from({ length: 10 }, () => endpoints.tls(sound)))),
    ]
    const seen = await inspect({ endpoints: all })
    expect(seen.map(({ subject }) => subject)).toEqual(all)
    expect(seen.filter(({ fields }) => fields['reachable'] === true)).toHaveLength(11)
  })

  test('is not waited for once the inspection is called off', async () => {
    const stop = new AbortController()
    const running = inspect({ endpoints: [await endpoints.mute()], timeoutMs: 60_000 }, stop.signal)
    stop.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
  })
})

describe('the config', () => {
  test('examples are valid', () => {
    for (const example of tlsPosture.examples) expect(tlsPosture.config.safeParse(example).error).toBeUndefined()
  })

  test.each([
    'http://example.org',
    'example.org',
    'https://example.org/path',
    'https://user:secret@example.org',
    'https://example.org?x=1',
    '',
  ])('refuses "%s" as endpoint', (endpoint) => {
    expect(TlsPostureConfig.safeParse({ endpoints: [endpoint] }).error?.message).toContain('https://host:port')
  })

  test('refuses an endpoint that is named twice, and a key it does not know', () => {
    const twice = { endpoints: ['https://example.org', 'https://example.org:443'] }
    expect(TlsPostureConfig.safeParse(twice).error?.message).toContain('named twice')
    expect(TlsPostureConfig.safeParse({ endpoints: ['https://a'], hosts: [] }).error?.message).toContain('Unrecognized')
  })

  test('names a CA file that cannot be used, and the cure', async () => {
    await expect(inspect({ endpoints: ['https://a'], ca: '/nowhere.pem' })).rejects.toThrow(
      /^\/nowhere\.pem: inspect under-test\.ca: the CA file cannot be used.*PEM$/,
    )
    await expect(inspect({ endpoints: ['https://a'], ca: import.meta.filename })).rejects.toThrow('cannot be used')
  })
})
