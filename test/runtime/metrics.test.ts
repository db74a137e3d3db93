import { expect, test } from 'vitest'
import { MetricRegistry } from '../../src/runtime/metrics.ts'

test('asking twice for a metric gives the same one, and two registries share nothing', async () => {
  const registry = new MetricRegistry()
  registry.counter('modelward_things_total', 'Things', ['kind']).add(2, { kind: 'a' })
  registry.counter('modelward_things_total', 'Things', ['kind']).add(3, { kind: 'a' })
  expect(await registry.values('modelward_things_total')).toEqual([{ value: 5, labels: { kind: 'a' } }])
  expect(await new MetricRegistry().values('modelward_things_total')).toEqual([])
})

test('gauges that are looked up are refreshed before each reading', async () => {
  const registry = new MetricRegistry()
  const gauge = registry.gauge('modelward_depth', 'Depth')
  let depth = 0
  registry.refresh(() => gauge.set(++depth))
  expect(await registry.text()).toContain('modelward_depth 1')
  expect(await registry.text()).toContain('modelward_depth 2')
})
