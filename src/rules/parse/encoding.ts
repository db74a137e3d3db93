import type { Pattern } from './syntax.ts'

/** Text whose characters stand for bytes (U+0000…U+00FF) after a UTF-16 modifier, so that base64 can follow. */
export interface Encodable {
  readonly pattern: Pattern
  readonly isBytes: boolean
}

export type Utf16 = 'utf16' | 'utf16le' | 'utf16be'

/** UTF-16 as bytes; `utf16` puts the byte order mark FF FE in front. Wildcards stay where they are. */
export function encodeUtf16(pattern: Pattern, kind: Utf16): Encodable {
  const encoded = pattern.map((part) => (typeof part === 'string' ? utf16Bytes(part, kind) : part))
  return { pattern: kind === 'utf16' ? joined(['\u00ff\u00fe', ...encoded]) : encoded, isBytes: true }
}

function utf16Bytes(text: string, kind: Utf16): string {
  const bytes = Buffer.from(text, 'utf16le')
  return (kind === 'utf16be' ? bytes.swap16() : bytes).toString('latin1')
}

function joined(parts: Pattern): Pattern {
  const [first, second, ...rest] = parts
  return typeof first === 'string' && typeof second === 'string' ? [first + second, ...rest] : parts
}

export function encodeBase64(text: string, isBytes: boolean): string {
  return bytesOf(text, isBytes).toString('base64')
}

/**
 * The text as it looks inside a longer base64 text, at each of the three places it can begin in a group of three bytes: what
 * the neighbours' bits decide is cut at both ends. The cut at the end follows the number of bytes, not of characters.
 */
export function encodeBase64Offsets(text: string, isBytes: boolean): readonly string[] {
  const bytes = bytesOf(text, isBytes)
  const cutBefore = [0, 2, 3]
  const cutAfter = [0, 3, 2]
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift, ' '), bytes]).toString('base64')
    return encoded.slice(cutBefore[shift], encoded.length - (cutAfter[(bytes.length + shift) % 3] ?? 0))
  })
}

function bytesOf(text: string, isBytes: boolean): Buffer {
  return Buffer.from(text, isBytes ? 'latin1' : 'utf8')
}

const DASHES = ['-', '/', '\u2013', '\u2014', '\u2015'] as const
/** More dashes than this in one value would be more than 625 variants. */
export const MOST_DASHES = 4
/** A dash that begins an option: nothing of a word before it, a word after it. `-a-b` has one. */
const DASH = /(?<![\p{L}\p{N}_])[-/](?=[\p{L}\p{N}_])/gu

/** Every way to write the options of a Windows command line; undefined when there are more than MOST_DASHES. */
export function varyDashes(pattern: Pattern): readonly Pattern[] | undefined {
  const dashes = pattern.reduce(
    (sum, part) => sum + (typeof part === 'string' ? (part.match(DASH)?.length ?? 0) : 0),
    0,
  )
  if (dashes > MOST_DASHES) return undefined
  return Array.from({ length: DASHES.length ** dashes }, (_, variant) => choose(pattern, variant))
}

function choose(pattern: Pattern, variant: number): Pattern {
  let left = variant
  return pattern.map((part) => {
    if (typeof part !== 'string') return part
    return part.replaceAll(DASH, () => {
      const dash = DASHES[left % DASHES.length] ?? '-'
      left = Math.floor(left / DASHES.length)
      return dash
    })
  })
}
