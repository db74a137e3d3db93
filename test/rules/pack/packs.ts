import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { packArchive, signPack } from '../../../src/rules/pack/sign.ts'
import { readFolder } from '../../../src/rules/rule-files.ts'

const FACTS = { name: 'ours', version: '1', created: '2026-11-21T00:00:00Z' }

export function privateKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey
}

/** A folder of its own with these files. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'modelward-pack-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

/** Writes `pack.json` and `pack.sig` into the folder, and answers with the path of the archive beside it. */
export function signFolder(folder: string, key: KeyObject): string {
  const rules = readFolder(folder)
  const pack = signPack(FACTS, rules, key)
  writeFileSync(join(folder, 'pack.json'), pack.bytes)
  writeFileSync(join(folder, 'pack.sig'), pack.signature)
  writeFileSync(`${folder}.tar`, packArchive(pack, rules))
  return `${folder}.tar`
}
