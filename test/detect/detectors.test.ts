import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DetectorPlugin } from '../../src/contract/detect.ts'
import { apiAbuse } from '../../src/detect/extraction/api-abuse/api-abuse.ts'
import { detectors } from '../../src/detect/index.ts'
import { usage } from '../../src/detect/usage/usage.ts'
import { detectorContext } from '../support/detector-context.ts'
import { detectorConformance } from './conformance.ts'
import { traffic } from './traffic.ts'

// Those that read metadata alone live on one kind of traffic; the others have streams of their own beside their tests.
const readingMetadata: readonly DetectorPlugin<unknown>[] = [apiAbuse, usage]
for (const plugin of readingMetadata)
  detectorConformance({
    name: plugin.kind,
    open: (cap) =>
      plugin.open(plugin.config.parse(cap === undefined ? {} : { maxKeys: cap }), detectorContext(plugin.kind)),
    events: (random, prefix) =>
      traffic(random, { principals: 12, hours: 40, perHour: 4, ...(prefix === undefined ? {} : { prefix }) }),
  })

describe('the list of detectors', () => {
  test('each kind is there once and says what it is for', () => {
    const kinds = detectors.map((plugin) => plugin.kind)
    expect(new Set(kinds).size).toBe(kinds.length)
    for (const plugin of detectors) expect(plugin.summary).toMatch(/[A-Z]{2}-\d/)
  })

  test('each has its promises tested', () => {
    const tests = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
      .filter((text) => text.includes('detectorConformance('))
    const words = tests.join('\n')
    for (const { kind } of detectors)
      expect(words.includes(`'${kind}'`) || readingMetadata.some((plugin) => plugin.kind === kind), kind).toBe(true)
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
