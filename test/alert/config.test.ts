import { expect, test } from 'vitest'
import { z } from 'zod'
import { AlertConfig } from '../../src/alert/config.ts'

test("the defaults are Alertmanager's", () => {
  expect(AlertConfig.parse({})).toEqual({
    groupBy: ['rule', 'principal'],
    groupWaitMs: 30_000,
    groupIntervalMs: 300_000,
    repeatIntervalMs: 4 * 3_600_000,
    resolveAfterMs: 300_000,
    maxOpenPerRule: 1_000,
    inhibitRules: [],
  })
})

test('everything can be said in the words of Alertmanager', () => {
  const config = AlertConfig.parse({
    group_by: ['level'],
    group_wait: '0s',
    group_interval: '1m',
    repeat_interval: '1h',
    resolve_after: '10m',
    max_open_per_rule: 5,
    inhibit_rules: [
      { source_matchers: ['level = critical'], target_matchers: ['level != "critical"'], equal: ['principal'] },
    ],
  })
  expect(config.inhibitRules).toEqual([
    {
      source: [{ name: 'level', value: 'critical', equal: true }],
      target: [{ name: 'level', value: 'critical', equal: false }],
      equal: ['principal'],
    },
  ])
  expect(config.groupWaitMs).toBe(0)
})

test.each([
  [{ groupWait: '30s' }, 'Unrecognized key'],
  [{ group_wait: 30 }, 'expected string'],
  [{ group_wait: '2h' }, 'must lie between 0s and 1h'],
  [{ group_interval: '10m', repeat_interval: '5m' }, 'must not be shorter than group_interval'],
  [{ max_open_per_rule: 0 }, 'Too small'],
])('%j is refused', (input, message) => {
  expect(AlertConfig.safeParse(input).error?.message).toContain(message)
})

test('an inhibition by nearly everything, or by a pattern, is refused', () => {
  const rule = { source_matchers: ['level = critical'], target_matchers: ['rule != x'] }
  expect(AlertConfig.safeParse({ inhibit_rules: [rule] }).success).toBe(true)
  const byAll = { ...rule, source_matchers: ['rule != x'] }
  expect(AlertConfig.safeParse({ inhibit_rules: [byAll] }).error?.message).toContain('nearly every alert')
  const pattern = { ...rule, target_matchers: ['rule =~ x.*'] }
  expect(AlertConfig.safeParse({ inhibit_rules: [pattern] }).error?.message).toContain('not supported')
})

test('an editor gets a JSON Schema with the defaults in it', () => {
  expect(z.toJSONSchema(AlertConfig, { io: 'input' })).toMatchObject({
    additionalProperties: false,
    properties: { group_wait: { type: 'string' }, group_by: { type: 'array' } },
  })
})
