import { expect, test } from 'vitest'
import { CurrentJudge } from '../../src/app/wiring.ts'
import type { StateChange } from '../../src/contract/detect.ts'
import type { Judge } from '../../src/contract/rules.ts'
import { loadRules } from '../../src/rules/load.ts'
import { event } from '../support/events.ts'

const BEGIN = Date.UTC(2026, 0, 5)

function judgeWith(least: number): Judge {
  const text = `title: A failure
name: failure
id: 11111111-1111-4111-8111-111111111111
logsource: {category: inference}
detection: {selection: {outcome: failure}, condition: selection}
---
title: Many failures
id: 22222222-2222-4222-8222-222222222222
correlation: {type: event_count, rules: [failure], group-by: [who], timespan: 5m, condition: {gte: ${least}}}
`
  const { judge, problems } = loadRules([], { files: [{ file: 'pack.yml', text }] })
  expect(problems).toEqual([])
  return judge
}

function failure(minute: number): ReturnType<typeof event> {
  const at = BEGIN + minute * 60_000
  return event({ id: `failure-${minute}`, at, fields: { outcome: 'failure', who: 'eve' } })
}

/** A store that keeps what was committed, key by key. */
class Kept {
  readonly rows = new Map<string, Uint8Array>()
  commit(changes: readonly StateChange[]): void {
    for (const { key, value } of changes)
      if (value) this.rows.set(key, value)
      else this.rows.delete(key)
  }
  *states(): IterableIterator<StateChange> {
    for (const [key, value] of this.rows) yield { key, value }
  }
}

test('what a correlation counted goes on after a restart, and nothing clear is stored', () => {
  const kept = new Kept()
  const first = new CurrentJudge(judgeWith(3), kept)
  expect([first.judge(failure(0)), first.judge(failure(1))]).toEqual([[], []])
  kept.commit(first.changes())
  expect(kept.rows.size).toBe(1)
  expect([...kept.rows].map(([key, value]) => key + Buffer.from(value).toString('latin1')).join()).not.toContain('eve')

  const second = new CurrentJudge(judgeWith(3), kept)
  const [finding] = second.judge(failure(2))
  expect(finding).toMatchObject({ rule: { title: 'Many failures' }, event: { id: 'failure-2' } })
  expect(finding?.events?.map(({ id }) => id)).toEqual(['failure-0', 'failure-1', 'failure-2'])
})

test('a reload keeps what rules that stayed have counted, and what was not yet committed', () => {
  const kept = new Kept()
  const current = new CurrentJudge(judgeWith(3), kept)
  current.judge(failure(0))
  current.judge(failure(1))
  current.set(judgeWith(3))
  expect(current.judge(failure(2))).toHaveLength(1)
  kept.commit(current.changes())
  expect(new CurrentJudge(judgeWith(3), kept).judge(failure(3))).toHaveLength(1)
})

test('a rule that means something else begins anew, and what the old one knew is deleted', () => {
  const kept = new Kept()
  const current = new CurrentJudge(judgeWith(3), kept)
  current.judge(failure(0))
  current.judge(failure(1))
  kept.commit(current.changes())
  current.set(judgeWith(2))
  expect(current.judge(failure(2))).toEqual([])
  kept.commit(current.changes())
  expect(kept.rows.size).toBe(1)
  expect(current.judge(failure(3))).toHaveLength(1)
})
