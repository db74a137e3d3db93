import { Buffer, isUtf8 } from 'node:buffer'
import type { Fields } from '../../contract/event.ts'
import type { Refusal } from '../../contract/record.ts'
import { isRecord } from './values.ts'

/** Deeper nesting, or more names in one object, is refused before it costs anything. */
export const MAX_DEPTH = 64
export const MAX_KEYS = 1_000

/** A record read as one JSON object. It was made for this record alone, so its reader may change it. */
export interface Parsed {
  readonly fields: Record<string, unknown>
  /** True when the bytes were not UTF-8 and stand with U+FFFD in their place. */
  readonly encodingError: boolean
}

/** bytes -> one JSON object, or why not. Names that could reach a prototype (`__proto__`) are put in parentheses. */
export function parseRecord(bytes: Uint8Array): Parsed | { readonly refused: Refusal } {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = buffer.toString('utf8')
  const encodingError = text.includes('\uFFFD') && !isUtf8(buffer)
  const result = parseText(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  return 'refused' in result ? result : { fields: result.fields, encodingError }
}

/** The object in a JSON string inside a record, under the same limits; undefined when there is none. */
export function parseEmbedded(text: unknown): Fields | undefined {
  if (typeof text !== 'string' || text.charCodeAt(0) !== OPEN_BRACE) return undefined
  const result = parseText(text)
  return 'refused' in result ? undefined : result.fields
}

/** The array in a JSON string inside a record, under the same limits. */
export function parseEmbeddedList(text: string): readonly unknown[] | undefined {
  if (text.charCodeAt(0) !== OPEN_BRACKET) return undefined
  const result = parseText(`{"list":${text}}`)
  return 'refused' in result || !Array.isArray(result.fields['list']) ? undefined : result.fields['list']
}

function parseText(text: string): { fields: Record<string, unknown> } | { refused: Refusal } {
  const refused = shapeProblem(text)
  if (refused) return { refused }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return { refused: { reason: 'not_json', detail: `not JSON: ${wordsOf(error)}` } }
  }
  if (!isRecord(value)) {
    const what = Array.isArray(value) ? 'an array' : `a ${value === null ? 'null' : typeof value}`
    return { refused: { reason: 'not_an_object', detail: `the record is ${what}, not a JSON object` } }
  }
  const fields = value as Record<string, unknown>
  if (mayNamePrototype(text)) neutralise(fields)
  return { fields }
}

/** The parser's words without the piece of the record that it quotes. */
function wordsOf(error: unknown): string {
  const words = error instanceof Error ? error.message : ''
  return /at position \d+|Unexpected end of JSON input/.exec(words)?.[0] ?? 'it cannot be parsed'
}

const QUOTE = 0x22
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Scans brackets and colons outside strings. Most records are too small or too flat to need the scan. */
function shapeProblem(text: string): Refusal | undefined {
  if (text.length < 5 * MAX_KEYS && !hasBrackets(text, MAX_DEPTH + 1)) return undefined
  const keys = new Uint32Array(MAX_DEPTH + 1)
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = endOfString(text, at)
      if (at < 0) return undefined
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > MAX_DEPTH) return { reason: 'too_deep', detail: `nested deeper than ${MAX_DEPTH} levels` }
      keys[depth] = 0
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (--depth < 0) return undefined
    } else if (code === COLON && (keys[depth] = (keys[depth] ?? 0) + 1) > MAX_KEYS) {
      return { reason: 'too_many_keys', detail: `an object has more than ${MAX_KEYS} names` }
    }
  }
  return undefined
}

function hasBrackets(text: string, count: number): boolean {
  return countOf(text, '{', count) + countOf(text, '[', count) >= count
}

function countOf(text: string, mark: string, enough: number): number {
  let found = 0
  for (let at = text.indexOf(mark); at >= 0 && found < enough; at = text.indexOf(mark, at + 1)) found++
  return found
}

/** The closing quote of the string that opens at `open`; -1 when it never closes. */
function endOfString(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++
    if (slashes % 2 === 0) return at
  }
  return -1
}

/** JSON writes `_` as `\u005f` and letters as `\u006…` or `\u007…`: any of these may spell a dangerous name. */
const ESCAPED_LETTER = /\\u00(?:5f|[67])/i

function mayNamePrototype(text: string): boolean {
  if (text.includes('__proto__') || text.includes('"prototype"')) return true
  return text.includes('\\u00') && ESCAPED_LETTER.test(text)
}

/**
 * `JSON.parse` makes `__proto__` an own property, harmless until somebody copies the object by assignment. Renaming keeps
 * what was sent for whoever looks at it. Depth is bounded by then, so recursion is.
 */
function neutralise(value: unknown): void {
  if (Array.isArray(value)) {
    for (const item of value) neutralise(item)
    return
  }
  if (!isRecord(value)) return
  const fields = value as Record<string, unknown>
  for (const name of Object.keys(fields)) {
    const child = fields[name]
    neutralise(child)
    if (name === '__proto__' || (name === 'constructor' && isRecord(child) && Object.hasOwn(child, 'prototype'))) {
      delete fields[name]
      fields[`(${name})`] = child
    }
  }
}
