import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { inMemory } from './opened.ts'

const change = fc.record({
  detector: fc.constantFrom('a', 'b'),
  key: fc.integer({ min: 0, max: 12 }).map(String),
  value: fc.option(fc.uint8Array({ maxLength: 6 }), { nil: null, freq: 3 }),
})

test('whenever the log is folded, what is read back is the newest value of each key', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(change, { maxLength: 12 }), { maxLength: 20 }),
      fc.record({ rows: fc.integer({ min: 1, max: 40 }), bytes: fc.integer({ min: 1, max: 80 }) }),
      (commits, foldStatesAfter) => {
        const store = inMemory({ foldStatesAfter })
        const model = new Map<string, Uint8Array>()
        for (const states of commits) {
          store.commit({ states })
          for (const { detector, key, value } of states)
            if (value === null) model.delete(`${detector} ${key}`)
            else model.set(`${detector} ${key}`, value)
          const found = ['a', 'b'].flatMap((detector) =>
            [...store.states(detector)].map(({ key, value }) => [`${detector} ${key}`, [...(value ?? [])]] as const),
          )
          expect(Object.fromEntries(found)).toEqual(
            Object.fromEntries([...model].map(([key, value]) => [key, [...value]])),
          )
          expect(found).toHaveLength(model.size)
        }
      },
    ),
    { numRuns: 200 },
  )
})
