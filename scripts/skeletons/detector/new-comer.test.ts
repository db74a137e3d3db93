import { describe, expect, test } from 'vitest'
import { event } from '../../../test/support/events.ts'
import { given } from '../../../test/support/given.ts'
import { newComer } from './new-comer.ts'

// That it keeps the promises of every detector is tested by test/detect/detectors.test.ts, for all that are in the list.
describe('the detector new-comer', () => {
  test('a request much longer than those before it is told, one as long is not', async () => {
    const detector = await newComer.open(newComer.config.parse({ learningRequests: 10 }), given('new-comer'))
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
