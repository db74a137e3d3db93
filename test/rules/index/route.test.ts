import { expect, test } from 'vitest'
import { MOST_INDEXES, Routes } from '../../../src/rules/index/route.ts'
import { ruleWith } from '../one-rule.ts'

const CONDITION = 'selection: {a: b}\ncondition: selection'

function routesOver(...logsources: readonly string[]): Routes {
  return new Routes(logsources.map((written, place) => ({ rule: ruleWith(CONDITION, `logsource: ${written}`), place })))
}

test('log sources that the same rules look at share an index, however many words the input makes up', () => {
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

test('no more indexes are held than stated, and one that was given up is built again', () => {
  const products = Array.from({ length: MOST_INDEXES + 10 }, (_, n) => `p${n}`)
  const routes = routesOver(...products.map((product) => `{product: ${product}}`))
  const first = routes.to({ product: 'p0' })
  for (const product of products) routes.to({ product })
  expect(routes.held).toBe(MOST_INDEXES)
  expect(routes.to({ product: 'p0' })).not.toBe(first)
})
