import { describe, expect, test } from 'vitest'
import { EncodedEntry, HEADER_BYTES, decodeEntry, findEntry } from '../../../src/collect/journal/entry.ts'

function written(at: number, meta: Record<string, unknown>, body: string | Buffer): Buffer {
  return Buffer.concat(new EncodedEntry({ meta, body: Buffer.from(body) }).buffersAt(at))
}

describe('a journal entry', () => {
  test('comes back as it was written, with positions that count over the whole journal', () => {
    const bytes = written(7_000_000_000_000, { format: 'litellm', receivedAt: 5 }, '{"a":1}')
    const entry = decodeEntry(bytes, 0, 7_000_000_000_000)
    expect(entry).toMatchObject({ meta: { format: 'litellm', receivedAt: 5 }, at: 7_000_000_000_000 })
    expect(Buffer.from(entry?.body ?? [])).toEqual(Buffer.from('{"a":1}'))
    expect(entry?.end).toBe(7_000_000_000_000 + bytes.length)
    expect(entry?.bodyAt).toBe(7_000_000_000_000 + bytes.length - 7)
  })

  test('is refused when any one bit of it is turned', () => {
    const bytes = written(64, { n: 1 }, '{"a":1}')
    const accepted: number[] = []
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const turned = Buffer.from(bytes)
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      if (decodeEntry(turned, 0, 64)) accepted.push(bit)
    }
    expect(accepted).toEqual([])
  })

  test('is refused when it is cut short anywhere', () => {
    const bytes = written(0, {}, '{"a":1}')
    const accepted = [...bytes.keys()].filter((length) => decodeEntry(bytes.subarray(0, length), 0, 0) !== undefined)
    expect(accepted).toEqual([])
  })

  test('is not found inside a body that carries the image of one', () => {
    const forged = written(0, { format: 'forged' }, '{}')
    const outer = written(0, {}, Buffer.concat([Buffer.from('['), forged, Buffer.from(']')]))
    expect(outer.includes(forged)).toBe(true)
    expect(findEntry(outer, 1, 0)).toBeUndefined()
    expect(findEntry(Buffer.concat([Buffer.from('noise'), written(5, {}, '{}')]), 0, 0)).toBe(5)
  })

  test('holds an empty body', () => {
    expect(decodeEntry(written(0, {}, ''), 0, 0)?.end).toBe(HEADER_BYTES + 2)
  })
})
