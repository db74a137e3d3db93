import { expect, test } from 'vitest'
import { openStore } from '../../src/store/store.ts'
import { systemRandom } from '../../src/runtime/random.ts'
import { given } from '../support/given.ts'
import { quarantined } from './sample.ts'

test('a released record leaves the quarantine in the transaction that says why', () => {
  const world = given()
  const store = openStore({ memory: true, clock: world.clock, random: systemRandom, log: world.log })
  store.commit({ quarantine: [quarantined('a'), quarantined('b')] })
  store.commit({
    released: ['a', 'never-there'],
    counts: [{ name: 'quarantined', source: 'gateway', reason: 'not-json', add: -1 }],
  })
  expect(store.quarantined({}).map(({ id }) => id)).toEqual(['b'])
})
