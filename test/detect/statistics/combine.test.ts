import { expect, test } from 'vitest'
import { unionBound } from '../../../src/detect/statistics/combine.ts'

test.each([
  [0.01, 2, 0.02],
  [0.9, 4, 1],
  [0, 4, 1e-9],
])('the smallest p %f of %i tests counts as %f', (smallest, tests, combined) => {
  expect(unionBound(smallest, tests)).toBe(combined)
})
