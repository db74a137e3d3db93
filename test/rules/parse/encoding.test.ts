import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeBase64Offsets, varyDashes } from '../../../src/rules/parse/encoding.ts'

test('wherever a text stands in bytes that are encoded, one of its three offsets is in the result', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 3, unit: 'grapheme' }),
      fc.uint8Array(),
      fc.uint8Array(),
      (text, before, after) => {
        const whole = Buffer.concat([before, Buffer.from(text), after]).toString('base64')
        expect(encodeBase64Offsets(text, false).some((part) => whole.includes(part))).toBe(true)
      },
    ),
  )
})

test('the three offsets of a text, by hand', () => {
  expect(encodeBase64Offsets('foobar', false)).toEqual(['Zm9vYmFy', 'Zvb2Jhc', 'mb29iYX'])
  expect(encodeBase64Offsets('http://', false)).toEqual(['aHR0cDovL', 'h0dHA6Ly', 'odHRwOi8v'])
})

test('each dash is varied by itself, and five ways', () => {
  expect(varyDashes([' -a /b'])?.length).toBe(25)
  expect(varyDashes(['a-b'])).toEqual([['a-b']])
  expect(varyDashes(['--flag'])?.map(([first]) => first)).toContain('-/flag')
})
