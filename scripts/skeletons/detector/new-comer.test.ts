import { describe, expect, test } from 'vitest'
import { detectorConformance } from '../../../test/detect/conformance.ts'
import { traffic } from '../../../test/detect/traffic.ts'
import { detectorContext } from '../../../test/support/detector-context.ts'
import { event } from '../../../test/support/events.ts'
import { newComer } from './new-comer.ts'

detectorConformance({
  name: 'new-comer',
  open: (cap) =>
    newComer.open(newComer.config.parse(cap === undefined ? {} : { maxKeys: cap }), detectorContext('new-comer')),
  events: (random, prefix) =>
    traffic(random, { principals: 12, hours: 40, perHour: 4, ...(prefix === undefined ? {} : { prefix }) }),
})

describe('the detector new-comer', () => {
  test('a request much longer than those before it is told, one as long is not', async () => {
    const detector = await newComer.open(newComer.config.parse({ learningRequests: 10 }), detectorContext('new-comer'))
    const request = (inputTokens: number) => event({ principal: 'key:a', inference: { inputTokens } })
    for (let i = 0; i < 20; i++) {
      const usual = request(100 + (i % 5))
      detector.score(usual)
      detector.learn(usual)
    }
    expect(detector.score(request(102))).toEqual([])
    const [score] = detector.score(request(1_000))
    expect(score?.p).toBeLessThan(0.001)
    expect(score?.explain.seen).toBe(1_000)
    expect(score?.explain.expected).toBeCloseTo(102)
    await detector[Symbol.asyncDispose]()
  })
})
