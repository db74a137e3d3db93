import { describe, expect, test } from 'vitest'
import { Silences } from '../../src/alert/silence.ts'
import type { SilenceRequest } from '../../src/alert/silence.ts'
import type { Silence } from '../../src/contract/alert.ts'
import { DAY, HOUR, NOON } from './findings.ts'

const request: SilenceRequest = {
  author: ' eve ',
  comment: 'pen test',
  endsAt: NOON + HOUR,
  matchers: [{ name: 'rule', value: 'r1', equal: true }],
}
const alert = { rule: { id: 'r1', controls: ['DP-2'] }, level: 'high', principal: 'key:a', labels: {} } as const

describe('a silence', () => {
  test('is in force from now to its end, and names itself', () => {
    const silences = new Silences()
    const silence = silences.add(request, NOON)
    expect(silence).toMatchObject({ author: 'eve', startsAt: NOON, endsAt: NOON + HOUR })
    expect(silence.id).toMatch(/^[a-z2-7]{26}$/)
    expect(silences.silencing(alert, NOON + HOUR - 1)).toBe(silence.id)
    expect(silences.silencing(alert, NOON + HOUR)).toBeUndefined()
    expect(silences.silencing({ ...alert, rule: { id: 'r2', controls: [] } }, NOON)).toBeUndefined()
  })

  test('that ended is kept for five days and then deleted', () => {
    const silences = new Silences()
    const { id } = silences.add(request, NOON)
    expect(silences.changes()).toMatchObject([{ kind: 'silence', key: id, value: { comment: 'pen test' } }])
    expect(silences.dueAt(id)).toBe(NOON + HOUR)
    expect(silences.due(id)).toBe(true)
    expect(silences.all()).toHaveLength(1)
    expect(silences.dueAt(id)).toBe(NOON + HOUR + 5 * DAY)
    expect(silences.due(id)).toBe(false)
    expect(silences.all()).toHaveLength(0)
    expect(silences.changes()).toEqual([{ kind: 'silence', key: id, value: null }])
  })

  test.each<[string, Partial<SilenceRequest>, string]>([
    ['author', { author: '  ' }, 'needs an author'],
    ['comment', { comment: '' }, 'needs a comment'],
    ['end ahead', { endsAt: NOON }, 'end that lies ahead'],
    ['end that is a number', { endsAt: Number.NaN }, 'end that lies ahead'],
    ['end within 90 days', { endsAt: NOON + 90 * DAY + 1 }, '90 days'],
    ['matcher', { matchers: [] }, 'at least one matcher'],
    ['matcher that chooses', { matchers: [{ name: 'rule', value: 'x', equal: false }] }, 'nearly everything'],
    ['matcher with a name', { matchers: [{ name: '', value: 'x', equal: true }] }, 'needs a name'],
    ['sane length', { comment: 'x'.repeat(1_001) }, '1000 characters'],
  ])('needs: %s', (_name, parts, words) => {
    expect(() => new Silences().add({ ...request, ...parts }, NOON)).toThrow(words)
  })

  test('may last exactly 90 days', () => {
    expect(new Silences().add({ ...request, endsAt: NOON + 90 * DAY }, NOON).endsAt).toBe(NOON + 90 * DAY)
  })

  test('is refused when a thousand are in force', () => {
    const silences = new Silences()
    silences.restore(
      Array.from({ length: 1_000 }, (_, at): { value: Silence } => ({
        value: { ...request, id: String(at), startsAt: NOON, endsAt: NOON + HOUR },
      })),
    )
    expect(() => silences.add(request, NOON)).toThrow('1000 silences are in force')
    expect(silences.add({ ...request, endsAt: NOON + 3 * HOUR }, NOON + HOUR).startsAt).toBe(NOON + HOUR)
  })

  test('that is oldest is the one that is named', () => {
    const silences = new Silences()
    const first = silences.add(request, NOON)
    silences.add({ ...request, comment: 'another' }, NOON + 1)
    expect(silences.silencing(alert, NOON + 2)).toBe(first.id)
  })
})
