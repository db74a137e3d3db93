import { describe, expect, test } from 'vitest'
import { NearAccounts, SKETCH_BYTES } from '../../../../src/detect/extraction/linkage/near.ts'
import { KeyedRows } from '../../../../src/detect/state/keyed-rows.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'

const COLUMNS = 200
const random = seededRandom(1)

describe('accounts whose mean inputs', () => {
  test('are nearly the same find each other', () => {
    const fleet = newFleet()
    const one = vector()
    expect(fleet.sample('a', () => moved(one, 0.05))).toEqual([])
    expect(fleet.sample('b', () => moved(one, 0.05))).toEqual(['a'])
    expect(fleet.sample('c', () => moved(one, 0.05)).toSorted()).toEqual(['a', 'b'])
  })

  test('are unrelated do not, though all of them have much in common with the mean', () => {
    const mean = vector()
    const fleet = newFleet(mean)
    const found = Array.from({ length: 300 }, (_, n) => fleet.sample(`n${n}`, () => unit(plus(mean, vector(), 0.5))))
    expect(found.flat()).toEqual([])
  })

  test('have moved on are compared anew', () => {
    const fleet = newFleet()
    const [one, other] = [vector(), vector()]
    fleet.sample('a', () => one)
    fleet.sample('a', () => other)
    expect(fleet.sample('b', () => other)).toEqual(['a'])
  })
})

interface Fleet {
  /** Sixteen requests of an account, four of which are looked at: who was near. */
  sample(name: string, made: () => Float32Array): readonly string[]
}

function newFleet(mean: Float32Array = new Float32Array(COLUMNS)): Fleet {
  const near = new NearAccounts(1_000, Float64Array.from(mean), 7)
  const rows = new KeyedRows(1_000, [{ name: 'sketch.1', bytes: 8 + SKETCH_BYTES }])
  const hashes = new Map<string, number>()
  return {
    sample: (name, made) => {
      const hash = hashes.get(name) ?? hashes.size + 1
      hashes.set(name, hash)
      const row = rows.use(name)
      const found: string[] = []
      for (let i = 0; i < 16; i++)
        if (NearAccounts.wants(row, 1)) found.push(...near.add(row, 1, { hash, name }, made()).map((who) => who.name))
        else NearAccounts.pass(row, 1)
      return found
    },
  }
}

function vector(): Float32Array {
  return unit(Float32Array.from({ length: COLUMNS }, () => random.next() - 0.5))
}

function moved(from: Float32Array, by: number): Float32Array {
  return unit(plus(from, vector(), by))
}

function plus(one: Float32Array, other: Float32Array, share: number): Float32Array {
  return one.map((value, i) => value + share * (other[i] ?? 0))
}

function unit(values: Float32Array): Float32Array {
  const length = Math.hypot(...values)
  return values.map((value) => value / length)
}
