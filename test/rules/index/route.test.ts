import { expect, test } from 'vitest'
import { isRouted, MANY_RULES, MOST_COMBINATIONS, Routes } from '../../../src/rules/index/route.ts'
import { ruleWith } from '../one-rule.ts'

const CONDITION = 'selection: {a: b}\ncondition: selection'

function routesOver(...logsources: readonly string[]): Routes {
  return new Routes(logsources.map((written, place) => ({ rule: ruleWith(CONDITION, `logsource: ${written}`), place })))
}

test('log sources that the same rules look at share indexes, however many words the input makes up', () => {
  const routes = routesOver('{product: windows}', '{category: dns}')
  const windows = routes.to({ product: 'windows' })
  expect(routes.to({ product: 'WINDOWS', service: 'sysmon' })).toBe(windows)
  for (let n = 0; n < 5_000; n++) routes.to({ product: `made-up-${n}` })
  expect(routes.held).toBe(2)
  const both = routes.to({ product: 'windows', category: ['dns', 'other'] })
  expect(both).not.toBe(windows)
  expect(routes.to({ product: 'windows', category: ['dns', 'other'] })).toBe(both)
  expect(routes.to({ product: 'windows', category: '["dns","other"]' })).toBe(windows)
  expect(routes.to({ product: 'windows' })).toBe(windows)
})

test('no more combinations are held than stated, and one that was given up is built again', () => {
  const products = Array.from({ length: MOST_COMBINATIONS + 10 }, (_, n) => `p${n}`)
  const routes = routesOver(...products.map((product) => `{product: ${product}}`))
  const first = routes.to({ product: 'p0' })
  for (const product of products) routes.to({ product })
  expect(routes.held).toBe(MOST_COMBINATIONS)
  expect(routes.to({ product: 'p0' })).not.toBe(first)
})

test('rules that many share a log source with are indexed once for all events, and before the first where warmed', () => {
  const windows = Array.from({ length: MANY_RULES }, () => '{product: windows}')
  const routes = routesOver(...windows, '{category: dns}', '{service: sysmon}')
  expect([...routes.warm()]).toHaveLength(1)
  const [large, ...none] = routes.to({ product: 'windows' })
  expect(none).toEqual([])
  const [same, dns] = routes.to({ product: 'windows', category: 'dns' })
  expect(same).toBe(large)
  expect(dns).toBeDefined()
  expect(routes.to({ product: 'windows', service: 'sysmon' })[0]).toBe(large)
  expect(routes.to({ product: 'windows', service: 'sysmon' })[1]).not.toBe(dns)
  expect(routes.to({ product: 'linux' })).toEqual([])
})

test('a rule for the Application log does not look at events of which only Windows is known, nor at other logs of Windows', () => {
  const application = { product: 'windows', service: 'application' }
  expect(isRouted(application, { product: 'windows' })).toBe(false)
  expect(isRouted(application, { product: 'windows', category: 'process_creation' })).toBe(false)
  expect(isRouted(application, { product: 'windows', service: 'security' })).toBe(false)
  expect(isRouted(application, { product: 'windows', service: 'application' })).toBe(true)
})
