import { describe, expect, test } from 'vitest'
import { isFor, isProtected } from '../../../src/respond/playbook/playbook.ts'
import { alert, playbook } from '../world.ts'

describe('a playbook', () => {
  test('is for an alert whose rule names it, whatever else it says', () => {
    expect(isFor(playbook({ on: { levels: ['low'] } }), alert())).toBe(true)
  })

  test('is for an alert on which everything agrees that it lists, and for none when it lists nothing', () => {
    const other = (on: object): boolean => isFor(playbook({ id: 'other', on }), alert())
    expect(other({})).toBe(false)
    expect(other({ levels: ['high', 'critical'] })).toBe(true)
    expect(other({ levels: ['critical'], controls: ['DP-2', 'IN-1'] })).toBe(true)
    expect(other({ levels: ['critical'], controls: ['DP-2'] })).toBe(false)
    expect(other({ rules: ['59179f1a-9fb3-44be-8897-9bc8f71444b9'] })).toBe(true)
    expect(other({ levels: ['low'], rules: ['59179f1a-9fb3-44be-8897-9bc8f71444b9'] })).toBe(false)
  })

  test.each([
    ['service:billing', 'service:billing', true],
    ['service:*', 'service:billing', true],
    ['*', '', true],
    ['user:?', 'user:ab', false],
    ['user:?', 'user:', false],
    ['*a*b', 'xaxbxb', true],
    ['*a*b', 'xaxbxc', false],
    ['key.x', 'keyzx', false],
    ['key:[a]', 'key:[a]', true],
  ])('protects by glob: %s against %s', (glob, principal, expected) => {
    expect(isProtected(playbook({ limits: { protected: [glob] } }), principal)).toBe(expected)
  })

  test('a glob of many stars takes no long time', () => {
    const glob = playbook({ limits: { protected: ['*a'.repeat(100)] } })
    const start = performance.now()
    expect(isProtected(glob, `${'a'.repeat(5_000)}b`)).toBe(false)
    expect(performance.now() - start).toBeLessThan(500)
  })
})
