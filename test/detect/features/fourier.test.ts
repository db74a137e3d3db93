import { describe, expect, test } from 'vitest'
import type { Event } from '../../../src/contract/event.ts'
import { openRef } from '../../../src/detect/compute/ref/ref.ts'
import { transformRow } from '../../../src/detect/compute/plan/fourier.ts'
import { columnsOf, featuresOf } from '../../../src/detect/features/features.ts'
import { FOURIER_FEATURES, FourierFeatures } from '../../../src/detect/features/fourier.ts'
import { event } from '../../support/events.ts'

const text = { kind: 'text', seed: 3 } as const
const spec = { features: text, bandwidth: 1.2, seed: 4 }

describe('Fourier features of requests', () => {
  test('are the transform in whole 127ths, rounded to the nearest', () => {
    const [request] = requests(1, 'what is')
    const vector = request ? featuresOf(request, text) : 'no-text'
    const exact = new Float32Array(FOURIER_FEATURES)
    const plan = { columns: columnsOf(text), features: FOURIER_FEATURES, bandwidths: [1.2, 2.4], seed: 4 }
    transformRow(plan, vector as Float32Array, exact)
    expect(bytes(opened(), request)).toEqual(Array.from(exact, (value) => Math.round(value * 127) + 0))
  })

  test('are the same prepared in a batch of any size as on the spot, and of the next batch too', async () => {
    const batches = [requests(150, 'first'), requests(64, 'second'), requests(3, 'third')]
    const [prepared, alone] = [opened(), opened()]
    for (const batch of batches) {
      const mixed = batch.flatMap((each, i) =>
        i % 7 === 0 ? [event({ inference: { prompt: ' ' } }), each, each] : each,
      )
      await prepared.prepare(mixed)
      for (const each of mixed) expect(bytes(prepared, each)).toEqual(bytes(alone, each))
    }
  })

  test('of a batch that was prepared before the last are made again, not read from its place', async () => {
    const [first, second] = [requests(2, 'first'), requests(2, 'second')]
    const features = opened()
    await features.prepare(first)
    const before = first.map((each) => bytes(features, each))
    await features.prepare(second)
    expect(first.map((each) => bytes(features, each))).toEqual(before)
  })

  test('stay in the memory of the batch before', async () => {
    const features = opened()
    const buffers = new Set<unknown>()
    for (let batch = 0; batch < 4; batch++) {
      const events = requests(100, `batch ${batch}`)
      await features.prepare(events)
      for (const each of events) buffers.add((features.of(each) as Int8Array).buffer)
    }
    expect(buffers.size).toBe(2)
  })
})

function opened(): FourierFeatures {
  return new FourierFeatures(openRef(), spec)
}

function requests(count: number, start: string): Event[] {
  return Array.from({ length: count }, (_, i) =>
    event({ inference: { prompt: `${start} ${i.toString(26)} ${'x'.repeat(i)}` } }),
  )
}

function bytes(features: FourierFeatures, request: Event | undefined): readonly number[] | string {
  const values = request ? features.of(request) : 'no-text'
  return typeof values === 'string' ? values : Array.from(values)
}
