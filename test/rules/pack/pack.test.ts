import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { readTrustedKey, trustedKeyOf } from '../../../src/rules/pack/trust.ts'
import { writeTar } from '../../../src/rules/pack/tar.ts'
import { readRuleFiles } from '../../../src/rules/rule-files.ts'
import { folderWith, privateKey, signFolder } from './packs.ts'

const key = privateKey()
const trust = [trustedKeyOf(key)]
const RULES = { 'a.yml': 'a: 1\n', 'deep/b.yaml': 'b: 2\n', 'README.md': '# ours\n', '.git/c.yml': 'c: 3\n' }

function faults(folder: string, keys: typeof trust | undefined = trust): readonly string[] {
  const { files, problems } = readRuleFiles([folder], keys === undefined ? {} : { trust: keys })
  expect(files).toEqual([])
  for (const { cure } of problems) expect(cure).not.toBe('')
  return problems.map(({ file, part, what }) => `${file.replace(folder, '')} ${part}: ${what}`)
}

test('a signed folder and its archive, zipped or not, hold the same rules under their own paths', () => {
  const folder = folderWith(RULES)
  const archive = signFolder(folder, key)
  const zipped = `${archive}.gz`
  writeFileSync(zipped, gzipSync(readFileSync(archive)))
  for (const place of [folder, archive, zipped])
    expect(readRuleFiles([place], { trust })).toEqual({
      files: [
        { file: join(place, 'a.yml'), text: 'a: 1\n' },
        { file: join(place, 'deep/b.yaml'), text: 'b: 2\n' },
      ],
      problems: [],
    })
})

test('several folders and archives are read in one order, and the same one twice is read once', () => {
  const signed = folderWith({ 'a.yml': 'a: 1' })
  signFolder(signed, key)
  const plain = folderWith({ 'b.yml': 'b: 1' })
  const { files, problems } = readRuleFiles([plain, signed, plain, signed])
  expect(problems).toEqual([])
  expect(files.map(({ file }) => file)).toEqual([join(plain, 'b.yml'), join(signed, 'a.yml')].toSorted())
})

test('a changed, a missing and an extra file are each told, and nothing of the pack is used', () => {
  const folder = folderWith(RULES)
  signFolder(folder, key)
  writeFileSync(join(folder, 'a.yml'), 'a: 2\n')
  renameSync(join(folder, 'deep/b.yaml'), join(folder, 'deep/c.yaml'))
  const told = [
    '/a.yml files.a.yml: it is not what was signed',
    '/deep/b.yaml files.deep/b.yaml: it is missing',
    '/deep/c.yaml files.deep/c.yaml: pack.json does not list it',
  ]
  expect(faults(folder)).toEqual(told)
  expect(faults(folder, undefined)).toEqual(told)
})

test('a changed archive is refused as a changed folder is', () => {
  const folder = folderWith(RULES)
  signFolder(folder, key)
  const [manifest, signature] = ['pack.json', 'pack.sig'].map((name) => readFileSync(join(folder, name)))
  const archive = `${folder}-changed.tar`
  const files = { 'a.yml': Buffer.from('a: 9'), 'pack.json': manifest, 'pack.sig': signature }
  writeFileSync(archive, writeTar(new Map(Object.entries(files).map(([name, bytes]) => [name, bytes ?? Buffer.of()]))))
  expect(faults(archive)).toEqual([
    '/a.yml files.a.yml: it is not what was signed',
    '/deep/b.yaml files.deep/b.yaml: it is missing',
  ])
})

test('where trust is asked for, what is unsigned or signed by another is refused; where it is not, it is read', () => {
  const other = privateKey()
  const folder = folderWith(RULES)
  expect(faults(folder)).toEqual([' pack.json: it is not signed, and only signed packs are trusted'])
  expect(faults(join(folder, 'a.yml'))).toEqual([' pack.json: it is not signed, and only signed packs are trusted'])
  signFolder(folder, other)
  expect(faults(folder)).toEqual([
    `/pack.sig signature: no trusted key signed this pack.json (trusted keys: ${trust[0]?.id})`,
  ])
  expect(faults(folder, [])).toEqual([
    '/pack.sig signature: no trusted key signed this pack.json (there is no trusted key)',
  ])
  expect(readRuleFiles([folder]).files).toHaveLength(2)
  expect(readRuleFiles([folder], { trust: [...trust, trustedKeyOf(other)] }).files).toHaveLength(2)
  rmSync(join(folder, 'pack.sig'))
  expect(faults(folder)).toEqual(['/pack.sig signature: pack.json has no signature'])
  expect(readRuleFiles([folder]).files).toHaveLength(2)
})

test('a manifest that was changed after it was signed is not read, whatever it says', () => {
  const folder = folderWith(RULES)
  signFolder(folder, key)
  const manifest = join(folder, 'pack.json')
  writeFileSync(manifest, `${readFileSync(manifest, 'utf8')} `)
  expect(faults(folder)).toEqual([expect.stringContaining('no trusted key signed')])
  const signature = join(folder, 'pack.sig')
  for (const text of ['', 'no signature', `${'A'.repeat(86)}==`]) {
    writeFileSync(signature, text)
    expect(faults(folder)).toEqual([expect.stringContaining('no trusted key signed')])
  }
})

test.each([
  ['{', 'JSON'],
  ['[]', 'manifest'],
  ['{"version":"1","created":"2026-11-21","files":{}}', 'name'],
  ['{"name":"x","created":"2026-11-21","files":{}}', 'version'],
  ['{"name":"x","version":"1","created":"soon","files":{}}', 'created'],
  ['{"name":"x","version":"1","created":"2026-11-21"}', 'files'],
  ['{"name":"x","version":"1","created":"2026-11-21","files":{"a.yml":"00"}}', 'files.a.yml'],
  [`{"name":"x","version":"1","created":"2026-11-21","files":{"../a":"${'0'.repeat(64)}"}}`, 'files.../a'],
])('a manifest that says %s is refused at %s', (text, part) => {
  const folder = folderWith({ 'a.yml': 'a: 1', 'pack.json': text })
  const { files, problems } = readRuleFiles([folder])
  expect(files).toEqual([])
  expect(problems).toEqual([expect.objectContaining({ file: join(folder, 'pack.json'), part })])
})

test('what cannot be read, or is no archive, is a problem with its place', () => {
  const folder = folderWith({ 'x.tar': 'no archive' })
  writeFileSync(join(folder, 'y.tar.gz'), gzipSync('a').subarray(0, 12))
  mkdirSync(join(folder, 'empty'))
  const found = readRuleFiles([join(folder, 'x.tar'), join(folder, 'y.tar.gz'), join(folder, 'gone.tar')])
  expect(found.files).toEqual([])
  expect(found.problems.map(({ file, part }) => [file.replace(`${folder}/`, ''), part])).toEqual([
    ['x.tar', 'archive'],
    ['y.tar.gz', 'archive'],
    ['gone.tar', 'file'],
  ])
  expect(found.problems[1]?.what).toContain('it cannot be unzipped')
  expect(readRuleFiles([join(folder, 'empty')])).toEqual({ files: [], problems: [] })
})

test('a key is read from PEM and from base64, and what is no Ed25519 public key is told', () => {
  const [{ key: publicKey, id } = { key: privateKey(), id: '' }] = trust
  const pem = publicKey.export({ format: 'pem', type: 'spki' })
  const base64 = publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
  expect(readTrustedKey(pem).id).toBe(id)
  expect(readTrustedKey(` ${base64}\n`).id).toBe(id)
  expect(id).toMatch(/^[0-9a-f]{16}$/)
  expect(() => readTrustedKey('hello')).toThrow('it is no public key')
  expect(() => readTrustedKey(key.export({ format: 'pem', type: 'pkcs8' }))).toThrow('it is a private key')
  const x25519 = 'MCowBQYDK2VuAyEAhSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo='
  expect(() => readTrustedKey(x25519)).toThrow('it is a key of x25519, not Ed25519')
})
