import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const BLOCK = 512

/** The files of a .tar.gz by their paths, whole in memory. Reads ustar, GNU's long names and pax paths; links are left out. */
export function readTarGz(file: string): Map<string, Buffer> {
  const tar = gunzipSync(readFileSync(file))
  const files = new Map<string, Buffer>()
  let longName: string | undefined
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0;) {
    const header = tar.subarray(at, at + BLOCK)
    const size = Number.parseInt(textIn(header, 124, 12), 8)
    if (Number.isNaN(size)) throw new Error(`${file}: no tar header at byte ${at}`)
    const content = tar.subarray(at + BLOCK, at + BLOCK + size)
    const kind = textIn(header, 156, 1)
    if (kind === 'L') longName = textIn(content, 0, size)
    else if (kind === 'x') longName = /^\d+ path=(.*)$/m.exec(content.toString())?.[1]
    else {
      if (kind === '0' || kind === '') files.set(longName ?? nameIn(header), content)
      longName = undefined
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
  return files
}

function nameIn(header: Buffer): string {
  const prefix = textIn(header, 257, 5) === 'ustar' && header[263] === 0x30 ? textIn(header, 345, 155) : ''
  return prefix === '' ? textIn(header, 0, 100) : `${prefix}/${textIn(header, 0, 100)}`
}

function textIn(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? length : end).trim()
}
