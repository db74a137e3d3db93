import { describe, expect, test } from 'vitest'
import { arrayOf, readReference, writeReference } from '../../../src/detect/reference/reference.ts'
import { RefusedError } from '../../../src/runtime/errors.ts'

const arrays = { mean: Float32Array.of(0.5, -1, 3), counts: Int32Array.of(7), exact: Float64Array.of(Math.PI, 1e-300) }
const bytes = writeReference('toy', 1, { clients: 4, words: 'größer' }, arrays)

describe('a frozen reference', () => {
  test('gives back what went in', () => {
    expect(readReference(bytes, 'toy', 1)).toEqual({ header: { clients: 4, words: 'größer' }, arrays })
  })

  test('of equal content has equal bytes', () => {
    expect(writeReference('toy', 1, { clients: 4, words: 'größer' }, arrays)).toEqual(bytes)
  })

  test('is read wherever it stands in a larger buffer', () => {
    const moved = new Uint8Array(bytes.length + 3)
    moved.set(bytes, 3)
    expect(readReference(moved.subarray(3), 'toy', 1).arrays).toEqual(arrays)
    expect(readReference(Buffer.from(moved.buffer, 3), 'toy', 1).arrays).toEqual(arrays)
  })

  test.each([
    ['of another kind', bytes, 'other', 1, /reference is of toy 1, and other 1 is needed: make it again/],
    ['of another version', bytes, 'toy', 2, /toy 2 is needed/],
    ['cut off in an array', bytes.subarray(0, bytes.length - 8), 'toy', 1, /exact is cut off/],
    ['cut off in its head', bytes.subarray(0, 40), 'toy', 1, /head is cut off/],
    ['something else', new Uint8Array(100), 'toy', 1, /does not begin like one/],
    ['nothing', new Uint8Array(0), 'toy', 1, /does not begin like one/],
  ])('that is %s is refused in words', (_, broken, kind, version, words) => {
    expect(() => readReference(broken, kind, version)).toThrow(RefusedError)
    expect(() => readReference(broken, kind, version)).toThrow(words)
  })

  test('says which array is not as it should be', () => {
    const reference = readReference(bytes, 'toy', 1)
    expect(arrayOf(reference, 'mean', 'f32', 3)).toEqual(arrays.mean)
    expect(() => arrayOf(reference, 'mean', 'f32', 4)).toThrow(/mean is not as it should be/)
    expect(() => arrayOf(reference, 'mean', 'f64')).toThrow(/mean is not as it should be/)
    expect(() => arrayOf(reference, 'absent', 'f32')).toThrow(/absent is not as it should be/)
  })
})
