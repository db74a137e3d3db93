import { expect, test } from 'vitest'
import { RespondConfig } from '../../src/respond/config.ts'

const owner = { name: 'owner', url: 'https://soar.example.org/hook', secret: '${env:OWNER}' }

test('an empty config runs dry', () => {
  expect(RespondConfig.parse({})).toEqual({
    mode: 'dry-run',
    playbooks: [],
    webhooks: [],
    verifyWithinMs: 60_000,
    killSwitch: 'no-containment',
  })
})

test.each([
  ['plain http to elsewhere', { url: 'http://soar.example.org/hook' }, 'must be https'],
  ['http to a name that begins like loopback', { url: 'http://127.0.0.1.example.org/' }, 'must be https'],
  ['a password in the address', { url: 'https://me:secret@soar.example.org/' }, 'credentials do not belong'],
  ['a written secret', { secret: 'whsec_AAAA' }, 'a secret is given by reference'],
  ['a network that is none', { allowAddresses: ['10.0.0.0/33'] }, 'is not a network'],
  ['an unknown key', { retry: 3 }, 'Unrecognized key'],
])('a receiver with %s is refused', (_name, parts, message) => {
  const parsed = RespondConfig.safeParse({ webhooks: [{ ...owner, ...parts }] })
  expect(parsed.error?.issues[0]?.message).toContain(message)
})

test('plain http to loopback is accepted, and each name is used once', () => {
  const local = {
    ...owner,
    url: 'http://127.0.0.1:9000/',
    allowAddresses: ['127.0.0.1', '::1', '10.0.0.0/8', 'fd00::/8'],
  }
  expect(RespondConfig.safeParse({ webhooks: [local] }).success).toBe(true)
  const twice = RespondConfig.safeParse({ webhooks: [owner, owner] })
  expect(twice.error?.issues.map(({ path, message }) => [path, message])).toEqual([
    [['webhooks', 1, 'name'], 'the name "owner" is used twice'],
  ])
})
