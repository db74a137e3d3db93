import { expect, test } from 'vitest'
import { readShortText, writeShortText } from '../../../src/detect/state/short-text.ts'

test.each([
  ['MFRGGZDFMZTWQ2LKNNWG23TPOA', 'MFRGGZDFMZTWQ2LKNNWG23TPOA'],
  ['', ''],
  ['exactly thirty-two characters ..', 'exactly thirty-two characters ..'],
  ['one more than thirty-two letters!', ''],
  ['é', ''],
])('%o reads back as %o', (text, back) => {
  const bytes = new Uint8Array(40).fill(9)
  writeShortText(bytes, 4, 32, text)
  expect(readShortText(bytes, 4, 32)).toBe(back)
  expect([bytes[3], bytes[36]]).toEqual([9, 9])
})
