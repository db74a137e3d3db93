import { lookup } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import { BlockList, isIP } from 'node:net'
import type { LookupFunction } from 'node:net'

/** Thrown, and passed to the connection, when an address must not be connected to. The message names the address and why. */
export class RefusedAddressError extends Error {
  readonly code = 'MW_REFUSED_ADDRESS'
}

/** Looks a host up, all addresses: `dns.lookup` or a test's own. */
export type Resolve = (host: string, done: (error: Error | null, addresses: readonly LookupAddress[]) => void) => void

/**
 * Networks that no webhook may reach unless the operator allows them by address: what is not public by the IANA special
 * purpose registries (RFC 6890 and its updates), and the transition ranges that carry an IPv4 address inside (NAT64, 6to4,
 * Teredo, IPv4-mapped and -compatible), which would lead around the list.
 */
const refusedNetworks: readonly (readonly [network: string, why: string])[] = [
  ['0.0.0.0/8', 'unspecified'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'carrier-grade NAT'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local (cloud metadata)'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'protocol assignments'],
  ['192.0.2.0/24', 'documentation'],
  ['192.88.99.0/24', '6to4 relay'],
  ['192.168.0.0/16', 'private'],
  ['198.18.0.0/15', 'benchmarking'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved or broadcast'],
  ['::/96', 'unspecified, loopback or IPv4-compatible'],
  ['::ffff:0:0:0/96', 'IPv4-translated'],
  ['64:ff9b::/96', 'NAT64'],
  ['64:ff9b:1::/48', 'local NAT64'],
  ['100::/64', 'discard'],
  ['2001::/23', 'Teredo and protocol assignments'],
  ['2001:db8::/32', 'documentation'],
  ['2002::/16', '6to4'],
  ['3fff::/20', 'documentation'],
  ['5f00::/16', 'segment routing'],
  ['fc00::/7', 'unique local'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'site-local'],
  ['ff00::/8', 'multicast'],
]

export interface AddressRules {
  /** Networks of the operator's own choice, CIDR, that are let through although the list refuses them. */
  readonly allow: readonly string[]
  /** Nothing but loopback: what plain HTTP is good for. Default false. */
  readonly loopbackOnly?: boolean
  /** Default: the system's resolver. */
  readonly resolve?: Resolve
}

/** Decides which addresses a webhook may connect to. */
export class AddressGuard {
  readonly #allowed: BlockList
  readonly #loopbackOnly: boolean
  readonly #refused = refusedNetworks.map(([network, why]) => ({ why, list: networkList([network]) }))
  readonly #loopback = networkList(['127.0.0.0/8', '::1'])
  readonly #resolve: Resolve

  constructor(rules: AddressRules) {
    this.#allowed = networkList(rules.allow)
    this.#loopbackOnly = rules.loopbackOnly ?? false
    this.#resolve = rules.resolve ?? resolveAll
  }

  /** Why this IP address (v4 or v6, without brackets) is refused, or undefined when it may be connected to. */
  refusal(address: string): string | undefined {
    const plain = unmapped(address)
    const version = isIP(plain)
    if (version === 0) return `${address} is not an IP address`
    const family = version === 4 ? 'ipv4' : 'ipv6'
    if (this.#loopbackOnly && !this.#loopback.check(plain, family))
      return `${address} is not loopback, and plain HTTP goes nowhere else`
    if (this.#allowed.check(plain, family)) return undefined
    const found = this.#refused.find(({ list }) => list.check(plain, family))
    return found && `${address} is ${found.why}; add it to allowAddresses if you mean it`
  }

  /**
   * For `net.connect`, so that what is checked is what is connected to. One refused address among several refuses the
   * name: whoever answers with both is not to be trusted with either.
   */
  readonly lookup: LookupFunction = (host, options, done) => {
    this.#resolve(host, (error, addresses) => {
      const refused = error ?? this.#refusalOfAny(host, addresses)
      const [first] = addresses
      if (refused || !first) return done(refused ?? new Error(`${host} has no address`), [])
      if (options.all) done(null, [...addresses])
      else done(null, first.address, first.family)
    })
  }

  #refusalOfAny(host: string, addresses: readonly LookupAddress[]): Error | undefined {
    for (const { address } of addresses) {
      const why = this.refusal(address)
      if (why !== undefined) return new RefusedAddressError(`${host} leads to ${why}`)
    }
    return undefined
  }
}

/** Networks in CIDR form (`10.1.0.0/16`, `fd00::/8`; a lone address is a network of one). Throws an Error on other text. */
export function networkList(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', length, more] = network.split('/')
    const version = isIP(address)
    const most = version === 4 ? 32 : 128
    const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN
    if (version === 0 || more !== undefined || !(bits >= 0 && bits <= most))
      throw new Error(`${network} is not a network; write it like 10.1.0.0/16 or fd00::/8`)
    list.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}

/** `::ffff:10.0.0.1` in any spelling is 10.0.0.1, and is judged as that; a zone (`fe80::1%eth0`) is cut off. */
function unmapped(address: string): string {
  const plain = address.split('%', 1)[0] ?? ''
  if (isIP(plain) !== 6) return plain
  const written = new URL(`http://[${plain}]/`).hostname.slice(1, -1)
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(written) ?? []
  if (high === undefined || low === undefined) return plain
  const [h, l] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return `${h >> 8}.${h & 255}.${l >> 8}.${l & 255}`
}

function resolveAll(host: string, done: Parameters<Resolve>[1]): void {
  lookup(host, { all: true }, (error, addresses) => done(error, addresses ?? []))
}
