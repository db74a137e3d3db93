import { describe, expect, test } from 'vitest'
import { LONGEST_WORD, MOST_LOGSOURCES } from '../../../src/normalize/formats/json.ts'
import type { Logsource } from '../../../src/contract/event.ts'
import { eventOf } from '../support/read.ts'

function logsourceOf(record: object): Logsource {
  return eventOf(record, { format: 'json' }).logsource
}

describe('any JSON', () => {
  test('a record says itself which rules look at it', () => {
    const record = { product: 'windows', category: 'process_creation', service: 'sysmon', Image: 'a' }
    expect(logsourceOf(record)).toEqual({ product: 'windows', category: 'process_creation', service: 'sysmon' })
  })

  test.each([
    [{}, {}],
    [{ product: 'linux' }, { product: 'linux' }],
    [{ product: 7, category: ['a'], service: { name: 'x' } }, {}],
    [{ product: '', service: 'auditd' }, { service: 'auditd' }],
    [
      { product: 'x'.repeat(LONGEST_WORD + 1), category: 'x'.repeat(LONGEST_WORD) },
      { category: 'x'.repeat(LONGEST_WORD) },
    ],
    [{ product: 'a\nb' }, {}],
  ])('%j -> %j', (record, logsource) => {
    expect(logsourceOf(record)).toEqual(logsource)
  })

  test('equal log sources are one frozen object', () => {
    const first = logsourceOf({ product: 'linux', service: 'sshd' })
    expect(logsourceOf({ service: 'sshd', product: 'linux', other: 1 })).toBe(first)
    expect(Object.isFrozen(first)).toBe(true)
  })

  test('a flood of log sources pushes the old ones out, and is read rightly', () => {
    const first = logsourceOf({ product: 'first' })
    for (let at = 0; at < MOST_LOGSOURCES; at++)
      expect(logsourceOf({ product: `p${at}` })).toEqual({ product: `p${at}` })
    expect(logsourceOf({ product: 'first' })).not.toBe(first)
    expect(logsourceOf({ product: 'first' })).toEqual(first)
  })
})
