import { describe, expect, test } from 'vitest'
import { type Accepted, IdempotencyKeys, keyedRequest } from '../../../src/collect/http/idempotency.ts'
import type { Rejection } from '../../../src/collect/http/answer.ts'
import { ManualClock } from '../../../src/runtime/clock.ts'

const body = Buffer.from('{"a":1}')
const request = keyedRequest('sender', 'key', undefined, body)

async function never(): Promise<Accepted> {
  throw new Error('accepted twice')
}

describe('idempotency keys', () => {
  test('differ by sender and key; what was sent differs by bytes and format', () => {
    expect(keyedRequest('other', 'key', undefined, body).key).not.toBe(request.key)
    expect(keyedRequest('sender', 'key2', undefined, body).key).not.toBe(request.key)
    expect(keyedRequest('sender', 'key', 'litellm', body)).toEqual({
      key: request.key,
      body: expect.any(String) as string,
    })
    expect(keyedRequest('sender', 'key', 'litellm', body).body).not.toBe(request.body)
    expect(keyedRequest('sender', 'key', undefined, Buffer.from('{"a":2}')).body).not.toBe(request.body)
  })

  test('come back from their bytes with what they answered', async () => {
    const clock = new ManualClock(1_000_000)
    const keys = new IdempotencyKeys(clock)
    await keys.once(request, async () => ({ accepted: 7 }))
    const again = new IdempotencyKeys(clock)
    again.restore(keys.toBytes())
    expect(await again.once(request, never)).toEqual({ accepted: 7 })
    clock.advanceTo(1_600_001)
    expect(again.toBytes()).toHaveLength(0)
  })

  test('share a refusal among those who wait, and forget it', async () => {
    const keys = new IdempotencyKeys(new ManualClock())
    const held = Promise.withResolvers<Rejection>()
    const first = keys.once(request, () => held.promise)
    const second = keys.once(request, never)
    held.resolve({ status: 503, code: 'X', message: 'full' })
    expect([await first, await second]).toMatchObject([{ status: 503 }, { status: 503 }])
    expect(await keys.once(request, async () => ({ accepted: 1 }))).toEqual({ accepted: 1 })
  })

  test('are let go when accepting throws', async () => {
    const keys = new IdempotencyKeys(new ManualClock())
    await expect(keys.once(request, never)).rejects.toThrow('accepted twice')
    expect(await keys.once(request, async () => ({ accepted: 1 }))).toEqual({ accepted: 1 })
  })

  test('are bounded: the oldest are forgotten first', async () => {
    const keys = new IdempotencyKeys(new ManualClock())
    for (let n = 0; n < 50_010; n++) keys.remember({ key: String(n), body: 'b' }, 1, 0)
    expect(keys.size).toBe(50_000)
    expect(await keys.once({ key: '0', body: 'b' }, async () => ({ accepted: 2 }))).toEqual({ accepted: 2 })
    expect(await keys.once({ key: '50009', body: 'b' }, never)).toEqual({ accepted: 1 })
  })
})
