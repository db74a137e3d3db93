import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Claim, Effect } from '../../../src/contract/respond.ts'
import { Decisions } from '../../../src/respond/claims/decisions.ts'
import { Disk, Fate } from '../world.ts'

function claim(id: string, parts: Partial<Claim> & { principal?: string } = {}): Claim {
  const { principal = 'key:a', ...rest } = parts
  return {
    id,
    target: { principal },
    effect: 'deny',
    reason: `because of ${id}`,
    owner: 'p',
    startsAt: 0,
    endsAt: 100,
    ...rest,
  }
}

describe('decisions', () => {
  test('who has no claim is allowed, and deny goes before throttle, the lowest limit before others', async () => {
    const list = new Decisions(new Disk().memory())
    expect(list.check('key:a', 1)).toEqual({ effect: 'allow', claims: [] })
    await list.put(claim('slow', { effect: 'throttle', limit: 60 }))
    expect(list.check('key:a', 1)).toEqual({ effect: 'allow', limit: 60, reason: 'because of slow', claims: ['slow'] })
    await list.put(claim('slower', { effect: 'throttle', limit: 1 }))
    expect(list.check('key:a', 1)).toMatchObject({ effect: 'allow', limit: 1, claims: ['slow', 'slower'] })
    expect(list.check('key:a', 1)).toMatchObject({ effect: 'throttle', limit: 1, retryAfterMs: 60_000 })
    await list.put(claim('no'))
    expect(list.check('key:a', 1)).toEqual({
      effect: 'deny',
      reason: 'because of no',
      claims: ['slow', 'slower', 'no'],
    })
    await list.remove('no')
    expect(list.check('key:a', 1)).toMatchObject({ effect: 'throttle', limit: 1 })
    expect(list.check('key:b', 1).effect).toBe('allow')
  })

  test('of two claims with different ends the earlier end does not lift the later one', async () => {
    const list = new Decisions(new Disk().memory())
    await list.put(claim('short', { endsAt: 10 }))
    await list.put(claim('long', { endsAt: 20 }))
    expect([9, 10, 19, 20].map((now) => list.check('key:a', now).effect)).toEqual(['deny', 'deny', 'deny', 'allow'])
    expect(list.check('key:a', 5).effect).toBe('deny')
  })

  test('a claim is in force only once it is on disk', async () => {
    const fate = new Fate()
    const list = new Decisions(new Disk().memory(fate))
    fate.dieAt(1)
    await expect(list.put(claim('no'))).rejects.toThrow('the process died')
    expect(list.check('key:a', 1).effect).toBe('allow')
  })

  test('holds no more claims than it may, and says so', async () => {
    const list = new Decisions(new Disk().memory(), 2)
    await list.put(claim('1'))
    await list.put(claim('2'))
    await expect(list.put(claim('3'))).rejects.toThrow('2 claims are in force, which is the most')
    await list.put(claim('2', { endsAt: 50 }))
    await list.remove('1')
    await list.put(claim('3'))
    expect(list.claims(1).map(({ id }) => id)).toEqual(['2', '3'])
  })

  test('a deny in between gives a throttled caller no new tokens', async () => {
    const list = new Decisions(new Disk().memory())
    await list.put(claim('slow', { effect: 'throttle', limit: 1, endsAt: 1_000 }))
    await list.put(claim('no', { startsAt: 10, endsAt: 20 }))
    const effects = [5, 6, 10, 20].map((now) => list.check('key:a', now).effect)
    expect(effects).toEqual(['allow', 'throttle', 'deny', 'throttle'])
  })

  test('what ended is swept, with a line in the audit log each', async () => {
    const disk = new Disk()
    const list = new Decisions(disk.memory())
    await list.put(claim('short', { endsAt: 10 }))
    await list.put(claim('long', { endsAt: 20 }))
    await list.sweep(15)
    expect(disk.audit.map(({ action, subject }) => [action, subject])).toEqual([['claim.expire', 'short']])
    expect([...(disk.kinds.get('claim')?.keys() ?? [])]).toEqual(['long'])
  })

  test('whatever is put, removed, ended and restarted, the effect is that of a plain list', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
        const disk = new Disk()
        let list = new Decisions(disk.memory())
        let now = 0
        const model = new Map<string, Claim>()
        for (const { kind, id, principal, effect, limit, ms } of commands) {
          now += ms
          if (kind === 'put') {
            const made = claim(id, { principal, effect, limit, startsAt: now, endsAt: now + limit })
            model.set(id, made)
            await list.put(made)
          } else if (kind === 'remove') {
            expect(await list.remove(id)).toBe(model.delete(id))
          } else if (kind === 'sweep') {
            for (const [key, { endsAt }] of model) if (endsAt <= now) model.delete(key)
            await list.sweep(now)
          } else list = new Decisions(disk.memory())
          for (const who of PRINCIPALS) {
            const active = [...model.values()].filter(({ target, endsAt }) => target.principal === who && now < endsAt)
            const seen = list.check(who, now)
            expect(seen.claims.toSorted()).toEqual(active.map(({ id }) => id).toSorted())
            expect(seen.effect === 'deny').toBe(active.some((each) => each.effect === 'deny'))
            if (active.length === 0) expect(seen.effect).toBe('allow')
            const lowest = Math.min(...active.map((each) => each.limit ?? Infinity))
            if (active.length > 0 && active.every((each) => each.effect === 'throttle')) expect(seen.limit).toBe(lowest)
          }
          expect(list.claims(now)).toHaveLength([...model.values()].filter(({ endsAt }) => now < endsAt).length)
        }
      }),
      { numRuns: 200 },
    )
  })
})

const PRINCIPALS = ['key:a', 'key:b', 'user:c']
const command = fc.record({
  kind: fc.constantFrom('put', 'put', 'put', 'remove', 'sweep', 'restart'),
  id: fc.constantFrom('1', '2', '3', '4', '5'),
  principal: fc.constantFrom(...PRINCIPALS),
  effect: fc.constantFrom<Effect>('deny', 'throttle'),
  limit: fc.integer({ min: 1, max: 40 }),
  ms: fc.nat(20),
})
