import { gunzipSync } from 'node:zlib'
import { isSafePath } from './paths.ts'

/** An archive may hold at most this many bytes (unpacked, headers included) and this many entries, folders included. */
export const TAR_LIMITS = { bytes: 64 * 1024 * 1024, entries: 20_000, paxBytes: 64 * 1024 } as const

/** Why an archive is not read; `part` is the entry, where it is one's fault. */
export class TarError extends Error {
  readonly part: string
  readonly cure: string
  constructor(part: string, what: string, cure: string) {
    super(what)
    this.name = 'TarError'
    this.part = part
    this.cure = cure
  }
}

const BLOCK = 512
const AGAIN = 'Write it again with `modelward rules sign DIR --out FILE.tar` or `tar --format=pax`'

/**
 * The files of a tar archive, gzipped or not: POSIX ustar with pax headers (IEEE Std 1003.1, pax), and GNU's where it uses no
 * extension. Strict: links, devices, sparse files, paths that leave the folder, names that come twice, wrong checksums and
 * whatever follows the end are refused with a TarError. Nothing is written anywhere.
 */
export function readTar(packed: Buffer): ReadonlyMap<string, Buffer> {
  const bytes = unpacked(packed)
  const files = new Map<string, Buffer>()
  let pax: Pax = {}
  let entries = 0
  for (let at = 0; ;) {
    const block = bytes.subarray(at, at + BLOCK)
    if (block.length < BLOCK) throw broken('archive', 'it ends before its end mark')
    if (isEmpty(block)) {
      checkEnd(bytes.subarray(at), pax)
      return files
    }
    if (++entries > TAR_LIMITS.entries)
      throw new TarError('archive', `it has more than ${TAR_LIMITS.entries} entries`, 'Split the pack')
    const header = readHeader(block, pax)
    const content = bytes.subarray(at + BLOCK, at + BLOCK + header.size)
    if (content.length < header.size) throw broken(header.path, 'it is cut off')
    pax = take(header, content, files)
    at += BLOCK + Math.ceil(header.size / BLOCK) * BLOCK
  }
}

/** What pax headers say of the next entry. */
interface Pax {
  readonly path?: string
  readonly size?: string
}

interface Header {
  readonly path: string
  readonly size: number
  readonly type: string
}

function unpacked(packed: Buffer): Buffer {
  if (packed[0] !== 0x1f || packed[1] !== 0x8b) return bounded(packed)
  try {
    return gunzipSync(packed, { maxOutputLength: TAR_LIMITS.bytes })
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge()
    throw new TarError('archive', `it cannot be unzipped (${String(cause)})`, 'Fetch or write it again')
  }
}

function bounded(bytes: Buffer): Buffer {
  if (bytes.length > TAR_LIMITS.bytes) throw tooLarge()
  return bytes
}

export function tooLarge(): TarError {
  return new TarError('archive', `it holds more than ${TAR_LIMITS.bytes} bytes`, 'Split the pack')
}

function broken(part: string, what: string): TarError {
  return new TarError(part, what, 'Fetch or write it again')
}

/** Two empty blocks end an archive; nothing but padding may follow. */
function checkEnd(rest: Buffer, pax: Pax): void {
  if (rest.length < 2 * BLOCK) throw broken('archive', 'it ends before its end mark')
  if (!isEmpty(rest)) throw broken('archive', 'something follows its end mark')
  if (pax.path !== undefined || pax.size !== undefined) throw broken('archive', 'its last header has no entry')
}

function isEmpty(block: Buffer): boolean {
  return block.every((byte) => byte === 0)
}

/** Keeps a file; answers with what holds for the next entry. */
function take(header: Header, content: Buffer, files: Map<string, Buffer>): Pax {
  const { path, type } = header
  if (type === 'x') return readPax(path, content)
  if (type === 'g') {
    const all = readPax(path, content)
    if (all.path !== undefined || all.size !== undefined)
      throw new TarError(path, 'a header for all entries names a path or a size', AGAIN)
    return {}
  }
  const name = path.replace(/^(\.\/)+/, '').replace(/\/$/, '')
  if (type === '5') {
    if (header.size !== 0) throw broken(path, 'a folder has a content')
    if (name !== '' && name !== '.') checkPath(name)
    return {}
  }
  if (type !== '0' && type !== '\0') throw new TarError(path, kindOf(type), 'Pack plain files only')
  if (path.endsWith('/')) throw broken(path, 'a file has the name of a folder')
  checkPath(name)
  if (files.has(name)) throw new TarError(name, 'it is in the archive twice', AGAIN)
  files.set(name, content)
  return {}
}

function kindOf(type: string): string {
  if (type === '1' || type === '2') return 'it is a link'
  if (type === 'L' || type === 'K') return 'its long name is written in the way of GNU tar'
  return `it is no plain file (type ${JSON.stringify(type)})`
}

function checkPath(path: string): void {
  if (!isSafePath(path))
    throw new TarError(path, 'its path leaves the pack or is no plain path', 'Pack relative paths only')
}

function readHeader(block: Buffer, pax: Pax): Header {
  const magic = block.toString('latin1', 257, 265)
  const isPosix = magic === 'ustar\x0000'
  if (!isPosix && magic !== 'ustar  \0') throw new TarError('archive', 'it is no tar archive', AGAIN)
  const prefix = isPosix ? textOf(block.subarray(345, 500)) : ''
  const name = textOf(block.subarray(0, 100))
  const path = pax.path ?? (prefix ? `${prefix}/${name}` : name)
  if (numberOf(path, block.subarray(148, 156)) !== checksum(block))
    throw broken(path, 'its header has a wrong checksum')
  const size = pax.size === undefined ? numberOf(path, block.subarray(124, 136)) : decimal(path, pax.size)
  const type = String.fromCharCode(block[156] ?? 0)
  if (type === 'x' || type === 'g') {
    if (size > TAR_LIMITS.paxBytes) throw broken(path, `a header has more than ${TAR_LIMITS.paxBytes} bytes`)
    if (pax.path !== undefined || pax.size !== undefined) throw broken(path, 'a header has no entry')
  }
  return { path, size, type }
}

/** The sum of all bytes, those of the checksum itself as spaces. */
function checksum(block: Buffer): number {
  let sum = 8 * 32
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0
  return sum
}

function numberOf(part: string, field: Buffer): number {
  const text = field.toString('latin1')
  const digits = /^ *([0-7]+)[ \0]*$/.exec(text)?.[1]
  if (digits === undefined) throw broken(part, 'a number in its header is none')
  return Number.parseInt(digits, 8)
}

function decimal(part: string, text: string): number {
  if (!/^\d{1,12}$/.test(text)) throw broken(part, 'its size is no number')
  return Number(text)
}

/** Text up to the first NUL; what is not UTF-8 is refused. */
function textOf(field: Buffer): string {
  const end = field.indexOf(0)
  return utf8(end < 0 ? field : field.subarray(0, end))
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new TarError('archive', 'a name is not UTF-8', 'Name files in UTF-8')
  }
}

/** Records `LENGTH KEY=VALUE\n`, the length counting all of it. Times, owners and comments are passed over. */
function readPax(part: string, content: Buffer): Pax {
  const found = new Map<string, string>()
  for (let at = 0; at < content.length;) {
    const digits = /^(\d{1,6}) /.exec(content.toString('latin1', at, at + 8))?.[1]
    const end = at + Number(digits)
    if (digits === undefined || end > content.length || content[end - 1] !== 0x0a)
      throw broken(part, 'its pax header is broken')
    const record = utf8(content.subarray(at + digits.length + 1, end - 1))
    const equals = record.indexOf('=')
    if (equals < 1) throw broken(part, 'its pax header is broken')
    found.set(record.slice(0, equals), record.slice(equals + 1))
    at = end
  }
  if ([...found.keys()].some((key) => key === 'linkpath' || key.startsWith('GNU.sparse')))
    throw new TarError(part, 'it is a link or a sparse file', 'Pack plain files only')
  const path = found.get('path')
  const size = found.get('size')
  return { ...(path === undefined ? {} : { path }), ...(size === undefined ? {} : { size }) }
}

/** A ustar archive of the files, sorted by path, all times 0: the same files give the same bytes. */
export function writeTar(files: ReadonlyMap<string, Buffer>): Buffer {
  const parts: Buffer[] = []
  for (const [path, content] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (!isSafePath(path)) throw new TarError(path, 'its path is no plain path', 'Rename it')
    const { name, pax } = splitName(path)
    if (pax) parts.push(headerOf('pax', pax.length, 'x'), padded(pax))
    parts.push(headerOf(name, content.length, '0'), padded(content))
  }
  parts.push(Buffer.alloc(2 * BLOCK))
  return Buffer.concat(parts)
}

/** A path of more than 100 bytes stands in a pax header. */
function splitName(path: string): { name: string; pax?: Buffer } {
  if (Buffer.byteLength(path) <= 100) return { name: path }
  const rest = Buffer.byteLength(path) + ' path=\n'.length
  let length = rest + 1
  while (length !== rest + String(length).length) length = rest + String(length).length
  return { name: 'long', pax: Buffer.from(`${length} path=${path}\n`) }
}

function headerOf(name: string, size: number, type: string): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.write(name, 0, 'utf8')
  block.write('0000644\0', 100)
  block.write('0000000\0', 108)
  block.write('0000000\0', 116)
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  block.write('00000000000\0', 136)
  block.write(type, 156)
  block.write('ustar\x0000', 257)
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

function padded(content: Buffer): Buffer {
  const rest = content.length % BLOCK
  return rest === 0 ? content : Buffer.concat([content, Buffer.alloc(BLOCK - rest)])
}
