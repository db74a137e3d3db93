import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isSafePath, PATH_BYTES } from '../../../src/rules/pack/paths.ts'
import { readTar, TAR_LIMITS, TarError, writeTar } from '../../../src/rules/pack/tar.ts'
import { folderWith } from './packs.ts'

const LONG = `${'long-folder-name/'.repeat(9)}rule.yml`

function tarOf(folder: string, ...flags: readonly string[]): Buffer {
  return execFileSync('tar', ['-C', folder, ...flags, '-cf', '-', '.'], { maxBuffer: 2 ** 26 })
}

function one(path = 'a.yml', content = 'a: 1'): Buffer {
  return writeTar(new Map([[path, Buffer.from(content)]]))
}

/** The archive with some bytes of its first header changed, and the checksum made good. */
function changed(archive: Buffer, at: number, text: string): Buffer {
  const bytes = Buffer.from(archive)
  bytes.write(text, at, 'latin1')
  let sum = 8 * 32
  for (let i = 0; i < 512; i++) if (i < 148 || i >= 156) sum += bytes[i] ?? 0
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

function plain(files: ReadonlyMap<string, Buffer>): Record<string, string> {
  return Object.fromEntries([...files].map(([path, bytes]) => [path, bytes.toString()]))
}

test.each(['ustar', 'pax', 'gnu'])('an archive that tar writes as %s is read', (format) => {
  const files = { 'a.yml': 'a: 1', 'deep/ä.yml': 'x'.repeat(513), 'deep/empty.yml': '' }
  const archive = tarOf(folderWith(files), `--format=${format}`)
  expect(plain(readTar(archive))).toEqual(files)
  expect(plain(readTar(gzipSync(archive)))).toEqual(files)
})

test('long names are read from ustar and pax; the way of GNU tar is refused with the cure', () => {
  const folder = folderWith({ [LONG]: 'a: 1' })
  expect(plain(readTar(tarOf(folder, '--format=pax')))).toEqual({ [LONG]: 'a: 1' })
  expect(plain(readTar(tarOf(folder, '--format=ustar')))).toEqual({ [LONG]: 'a: 1' })
  expect(() => readTar(tarOf(folder, '--format=gnu'))).toThrow('its long name is written in the way of GNU tar')
})

test('what is written is read by tar and by us, and is the same each time', () => {
  const files = { 'b.yml': 'b: 1', [LONG]: 'a: 1', 'ä.yml': '' }
  const map = new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]))
  const archive = writeTar(map)
  expect(plain(readTar(archive))).toEqual(files)
  expect(writeTar(new Map([...map].toReversed()))).toEqual(archive)
  const listed = execFileSync('tar', ['-tf', '-'], { input: archive, env: { ...process.env, LC_ALL: 'C.UTF-8' } })
  expect(listed.toString().trim().split('\n')).toEqual(Object.keys(files).toSorted())
})

test('links are refused, soft and hard', () => {
  const folder = folderWith({ 'a.yml': 'a: 1' })
  symlinkSync('/etc/passwd', join(folder, 'b.yml'))
  expect(() => readTar(tarOf(folder))).toThrow('it is a link')
  expect(() => readTar(changed(one(), 156, '1'))).toThrow('it is a link')
  expect(() => readTar(changed(one(), 156, '3'))).toThrow('it is no plain file (type "3")')
})

test.each(['../a.yml', '/etc/a.yml', 'a/../../b.yml', 'a\\b.yml', 'a//b.yml', 'a/./b.yml'])(
  'a path %s is refused',
  (path) => {
    expect(isSafePath(path)).toBe(false)
    expect(() => readTar(changed(one('x'.repeat(path.length)), 0, path))).toThrow('its path leaves the pack')
    expect(() => one(path)).toThrow('its path is no plain path')
  },
)

test('a path may be as long as the limit, in bytes, and no longer', () => {
  const longest = 'ä'.repeat(PATH_BYTES / 2)
  expect([...readTar(one(longest)).keys()]).toEqual([longest])
  expect(() => one(`${longest}x`)).toThrow('its path is no plain path')
})

test('a name that comes twice, a wrong checksum, a wrong number and other bytes are refused', () => {
  const single = one()
  const entry = single.subarray(0, 1024)
  expect(() => readTar(Buffer.concat([entry, single]))).toThrow('it is in the archive twice')
  const flipped = Buffer.from(single)
  flipped[0] = 0x62
  expect(() => readTar(flipped)).toThrow('its header has a wrong checksum')
  expect(() => readTar(changed(single, 124, '\u0080'))).toThrow('a number in its header is none')
  expect(() => readTar(changed(single, 257, 'other'))).toThrow('it is no tar archive')
  expect(() => readTar(changed(single, 0, '\u00ff'))).toThrow('a name is not UTF-8')
})

test('an archive that is cut off, or followed by something, is refused', () => {
  const single = one()
  for (const length of [0, 100, 512, 515, 1024, 1536])
    expect(() => readTar(single.subarray(0, length)), String(length)).toThrow(TarError)
  expect(() => readTar(Buffer.concat([single, Buffer.from('x')]))).toThrow('something follows its end mark')
  expect(Object.keys(plain(readTar(Buffer.concat([single, Buffer.alloc(9 * 512)]))))).toEqual(['a.yml'])
})

test('pax headers that name a size are believed, and broken ones refused', () => {
  const pax = (record: string): Buffer =>
    Buffer.concat([changed(one('p', record), 156, 'x').subarray(0, 1024), one('a.yml', 'a: 1')])
  expect(plain(readTar(pax('18 path=other.yml\n')))).toEqual({ 'other.yml': 'a: 1' })
  expect(plain(readTar(pax('10 size=2\n')))).toEqual({ 'a.yml': 'a:' })
  for (const record of ['11 size=-2\n', '99 path=x\n', '7 path\n', 'path=x\n', '18 path=../../a.yml\n'])
    expect(() => readTar(pax(record)), record).toThrow(TarError)
  expect(() => readTar(pax(`comment=${'x'.repeat(TAR_LIMITS.paxBytes)}`))).toThrow('a header has more than')
  expect(() => readTar(pax('14 linkpath=x\n'))).toThrow('it is a link')
})

test('a bomb is refused at the limit, zipped or not, as are too many entries', () => {
  const bomb = Buffer.alloc(TAR_LIMITS.bytes + 1)
  expect(() => readTar(gzipSync(bomb, { level: 1 }))).toThrow(`it holds more than ${TAR_LIMITS.bytes} bytes`)
  expect(() => readTar(bomb)).toThrow(`it holds more than ${TAR_LIMITS.bytes} bytes`)
  const folderEntry = changed(one('d', ''), 156, '5').subarray(0, 512)
  const many = Buffer.concat([...Array<Buffer>(TAR_LIMITS.entries + 1).fill(folderEntry), Buffer.alloc(1024)])
  expect(() => readTar(many)).toThrow(`it has more than ${TAR_LIMITS.entries} entries`)
})

test('no bytes whatever make it do anything but answer or refuse', () => {
  const seed = writeTar(
    new Map([
      [LONG, Buffer.from('a: 1')],
      ['b.yml', Buffer.from('b')],
    ]),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(seed.length - 1), fc.nat(255)), { maxLength: 4 }), (changes) => {
      const bytes = Buffer.from(seed)
      for (const [at, byte] of changes) bytes[at] = byte
      try {
        for (const path of readTar(bytes).keys()) expect(isSafePath(path)).toBe(true)
      } catch (error) {
        expect(error).toBeInstanceOf(TarError)
      }
    }),
    { numRuns: 200 },
  )
})
