import type { Fault, Network } from './syntax.ts'

/** Reads CIDR notation, v4 or v6. */
export function parseNetwork(text: string): Network | Fault {
  const [address = '', length, more] = text.split('/')
  const bytes = parseAddress(address)
  if (!bytes || more !== undefined || address.includes('%'))
    return { what: `"${text}" is not an IP network`, cure: 'Write it as 10.0.0.0/8 or 2001:db8::/32' }
  const bits = length === undefined ? bytes.length * 8 : /^\d{1,3}$/.test(length) ? Number(length) : -1
  if (bits < 0 || bits > bytes.length * 8)
    return { what: `"${text}" has no valid prefix length`, cure: `Give 0 to ${bytes.length * 8} bits after the slash` }
  const masked = bytes.map((byte, at) => byte & maskOf(bits, at))
  if (!masked.every((byte, at) => byte === bytes[at]))
    return { what: `"${text}" has bits set beyond its prefix`, cure: `Write ${writeAddress(masked)}/${bits}` }
  return { bytes, bits }
}

/** Whether an address lies in a network. An IPv4 address written as ::ffff:a.b.c.d counts as IPv4. */
export function isInside(address: Uint8Array, network: Network): boolean {
  if (address.length !== network.bytes.length) return false
  const whole = network.bits >> 3
  for (let at = 0; at < whole; at++) if (address[at] !== network.bytes[at]) return false
  const rest = maskOf(network.bits, whole)
  return rest === 0 || ((address[whole] ?? 0) & rest) === (network.bytes[whole] ?? 0)
}

/** 4 or 16 bytes, undefined when it is no IP address. A zone (`%eth0`) is left aside; a mapped v4 address becomes v4. */
export function parseAddress(text: string): Uint8Array | undefined {
  if (text.length > 64) return undefined
  if (!text.includes(':')) return parseFour(text)
  const bytes = parseSix(text.split('%', 1)[0] ?? '')
  const isMapped = bytes?.every((byte, at) => (at < 10 ? byte === 0 : at < 12 ? byte === 0xff : true))
  return isMapped ? bytes?.subarray(12) : bytes
}

function parseFour(text: string): Uint8Array | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (!match) return undefined
  const parts = match.slice(1)
  const isBad = parts.some((part) => Number(part) > 255 || (part.length > 1 && part.startsWith('0')))
  return isBad ? undefined : Uint8Array.from(parts, Number)
}

function parseSix(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const before = groupsOf(halves[0] ?? '')
  const after = halves.length === 2 ? groupsOf(halves[1] ?? '') : []
  if (!before || !after) return undefined
  const missing = 8 - before.length - after.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...before, ...Array.from({ length: missing }, () => 0), ...after]
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

function groupsOf(text: string): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [at, part] of parts.entries()) {
    const four = at === parts.length - 1 && part.includes('.') ? parseFour(part) : undefined
    if (four) groups.push(((four[0] ?? 0) << 8) | (four[1] ?? 0), ((four[2] ?? 0) << 8) | (four[3] ?? 0))
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

function maskOf(bits: number, at: number): number {
  const kept = Math.min(Math.max(bits - at * 8, 0), 8)
  return (0xff << (8 - kept)) & 0xff
}

function writeAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0)).toString(16),
  )
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')
}
