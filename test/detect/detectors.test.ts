import { describe, expect, test } from 'vitest'
import { detectors } from '../../src/detect/index.ts'
import { given } from '../support/given.ts'
import { detectorConformance } from './conformance.ts'
import { traffic } from './traffic.ts'

for (const plugin of detectors) {
  detectorConformance({
    name: plugin.kind,
    open: (cap) => plugin.open(plugin.config.parse(cap === undefined ? {} : { maxKeys: cap }), given(plugin.kind)),
    events: (random, prefix) =>
      traffic(random, { principals: 12, hours: 40, perHour: 4, ...(prefix === undefined ? {} : { prefix }) }),
  })
}

describe('the list of detectors', () => {
  test('each kind is there once and says what it is for', () => {
    const kinds = detectors.map((plugin) => plugin.kind)
    expect(new Set(kinds).size).toBe(kinds.length)
    for (const plugin of detectors) expect(plugin.summary).toMatch(/[A-Z]{2}-\d/)
  })

  test.each(detectors.map((plugin) => [plugin.kind, plugin] as const))(
    '%s takes its examples and refuses an unknown key',
    (_kind, plugin) => {
      expect(plugin.examples.length).toBeGreaterThan(0)
      for (const example of plugin.examples) expect(plugin.config.safeParse(example).success).toBe(true)
      expect(plugin.config.safeParse({ nonsense: 1 }).error?.message).toContain('nonsense')
      expect(plugin.config.safeParse({ maxKeys: 0 }).success).toBe(false)
    },
  )
})
