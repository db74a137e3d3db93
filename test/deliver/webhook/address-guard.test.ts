import type { LookupAddress } from 'node:dns'
import { describe, expect, test } from 'vitest'
import { AddressGuard, networkList } from '../../../src/deliver/webhook/address-guard.ts'
import { webhook } from '../../../src/deliver/webhook/webhook.ts'

const secret = '${env:SECRET}'

/** Hosts of `https://HOST/` that lead to something that is not public. */
const refused: readonly string[] = [
  '127.0.0.1',
  '127.255.255.254',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0x7f.0.0.1',
  '0177.0.0.1',
  '017700000001',
  '①②⑦.⓪.⓪.①',
  '１２７．０．０．１',
  '127。0。0。1',
  '0',
  '0.0.0.0',
  '10.0.0.1',
  '10.255.255.255',
  '167772161',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '0xc0a80001',
  '169.254.169.254',
  '2852039166',
  '0xa9fea9fe',
  '0251.0376.0251.0376',
  '100.64.0.1',
  '100.127.255.255',
  '192.0.0.192',
  '192.88.99.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[0:0:0:0:0:ffff:a9fe:a9fe]',
  '[::ffff:10.0.0.1]',
  '[::127.0.0.1]',
  '[::ffff:0:169.254.169.254]',
  '[64:ff9b::169.254.169.254]',
  '[64:ff9b::a00:1]',
  '[64:ff9b:1::1]',
  '[2002:7f00:1::]',
  '[2002:a9fe:a9fe::1]',
  '[2001:0:53aa:64c:0:fbff:f5ff:fffe]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[fe80::1]',
  '[febf::1]',
  '[fec0::1]',
  '[ff02::1]',
  '[2001:db8::1]',
]

const reachable = [
  '8.8.8.8',
  '172.32.0.1',
  '172.15.255.255',
  '100.128.0.1',
  '169.253.255.255',
  '[2606:4700::1111]',
  '[2a00:1450::1]',
]

describe('addresses that no webhook may reach', () => {
  test.each(refused)('https://%s/ is refused in the config', (host) => {
    expect(webhook.config.safeParse({ url: `https://${host}/`, secret }).success).toBe(false)
  })

  test.each(reachable)('https://%s/ is public', (host) => {
    expect(webhook.config.safeParse({ url: `https://${host}/`, secret }).success).toBe(true)
  })

  test('the operator can allow one network and no more', () => {
    const guard = new AddressGuard({ allow: ['10.1.0.0/16', 'fd00::/8'] })
    expect(guard.refusal('10.1.2.3')).toBeUndefined()
    expect(guard.refusal('::ffff:10.1.2.3')).toBeUndefined()
    expect(guard.refusal('fd12::1')).toBeUndefined()
    expect(guard.refusal('10.2.0.1')).toContain('10.2.0.1 is private')
    expect(guard.refusal('169.254.169.254')).toContain('cloud metadata')
  })

  test('a zone does not hide an address', () => {
    expect(new AddressGuard({ allow: [] }).refusal('fe80::1%eth0')).toContain('link-local')
  })

  test('plain HTTP goes to loopback only, whatever is allowed', () => {
    const guard = new AddressGuard({ allow: ['0.0.0.0/0'], loopbackOnly: true })
    expect(guard.refusal('127.0.0.1')).toBeUndefined()
    expect(guard.refusal('8.8.8.8')).toContain('not loopback')
  })

  test.each(['10.0.0.0/33', '10.0.0.0/', 'fd00::/129', '10.0.0/8', 'host', '10.0.0.0/8/8', '10.0.0.0/-1'])(
    '%s is no network',
    (text) => {
      expect(() => networkList([text])).toThrow('is not a network')
    },
  )
})

describe('names', () => {
  test.each([
    ['one private address', ['192.168.1.1']],
    ['a private address behind a public one', ['8.8.8.8', '127.0.0.1']],
    ['a mapped address', ['::ffff:127.0.0.1']],
    ['nothing', []],
  ])('a name that leads to %s is refused', async (_, addresses) => {
    expect(await outcomeOf(addresses)).toBeInstanceOf(Error)
  })

  test('a name that leads to public addresses is connected to at those', async () => {
    expect(await outcomeOf(['8.8.8.8', '2606:4700::1111'])).toEqual([
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1111', family: 6 },
    ])
  })
})

function outcomeOf(addresses: readonly string[]): Promise<unknown> {
  const found: LookupAddress[] = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  const guard = new AddressGuard({ allow: [], resolve: (_, done) => done(null, found) })
  return new Promise((resolve) =>
    guard.lookup('receiver.example', { all: true }, (error, list) => resolve(error ?? list)),
  )
}
