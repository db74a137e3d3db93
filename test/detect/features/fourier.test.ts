import { describe, expect, test } from 'vitest'
import type { Event } from '../../../src/contract/event.ts'
import { openWasm } from '../../../src/detect/compute/wasm/wasm.ts'
import { cosines } from '../../../src/detect/compute/plan/fourier.ts'
import { fourierNumbers } from '../../../src/detect/compute/plan/plan.ts'
import { columnsOf, featuresOf } from '../../../src/detect/features/features.ts'
import { FOURIER_FEATURES, FourierFeatures } from '../../../src/detect/features/fourier.ts'
import { event } from '../../support/events.ts'
import { given } from '../../support/given.ts'

const text = { kind: 'text', seed: 3 } as const
const spec = { features: text, bandwidth: 1.2, seed: 4 }

describe('Fourier features of requests', () => {
  test('are the transform in whole 127ths, rounded to the nearest', async () => {
    const request = event({ inference: { prompt: 'what is' } })
    const vector = featuresOf(request, text)
    const exact = new Float32Array(FOURIER_FEATURES)
    const plan = { columns: columnsOf(text), features: FOURIER_FEATURES, bandwidths: [1.2, 2.4], seed: 4 }
    for (let block = 0; block < 4; block++)
      cosines(fourierNumbers(plan), block, vector as Float32Array, exact.subarray(block * 512, (block + 1) * 512))
    const features = (await opened()).of(request)
    expect(Array.from(features as Int8Array)).toEqual(Array.from(exact, (value) => Math.round(value * 127) + 0))
  })

  test('are the same prepared in a batch of any size as on the spot, and of the next batch too', async () => {
    const batches = [requests(1_100, 'first'), requests(64, 'second'), requests(3, 'third')]
    const [prepared, alone] = [await opened(), await opened()]
    for (const batch of batches) {
      const mixed = batch.flatMap((each, i) =>
        i % 7 === 0 ? [event({ inference: { prompt: ' ' } }), each, each] : each,
      )
      await prepared.prepare(mixed)
      for (const each of mixed) expect(bytes(prepared, each) === bytes(alone, each)).toBe(true)
    }
  })

  test('of a batch that was prepared before the last are made again, not read from its place', async () => {
    const [first, second] = [requests(2, 'first'), requests(2, 'second')]
    const features = await opened()
    await features.prepare(first)
    const before = first.map((each) => bytes(features, each))
    await features.prepare(second)
    expect(first.map((each) => bytes(features, each))).toEqual(before)
  })

  test('stay in the memory of the batch before', async () => {
    const features = await opened()
    const buffers = new Set<unknown>()
    for (let batch = 0; batch < 4; batch++) {
      const events = requests(1_100, `batch ${batch}`)
      await features.prepare(events)
      for (const each of events) buffers.add((features.of(each) as Int8Array).buffer)
    }
    expect(buffers.size).toBe(2)
  })
})

async function opened(): Promise<FourierFeatures> {
  return new FourierFeatures(await openWasm(given(), { threads: 0 }), spec)
}

function requests(count: number, start: string): Event[] {
  return Array.from({ length: count }, (_, i) =>
    event({ inference: { prompt: `${start} ${i.toString(26)} ${'x'.repeat(i % 100)}` } }),
  )
}

/** Text, which compares faster than thousands of numbers. */
function bytes(features: FourierFeatures, request: Event): string {
  const values = features.of(request)
  return typeof values === 'string' ? values : Buffer.from(values).toString('hex')
}
