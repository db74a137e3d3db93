import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Alerts } from '../../src/alert/alerts.ts'
import type { AlertChanges } from '../../src/alert/alerts.ts'
import type { AlertConfig } from '../../src/alert/config.ts'
import type { Finding } from '../../src/contract/rules.ts'
import { event } from '../support/events.ts'
import { DAY, HOUR, MINUTE, Memory, NOON, SECOND, config, finding, rule, score } from './findings.ts'

/** One thing that happens, `waitMs` after the one before; the clock may go back. */
type Deed =
  | { readonly kind: 'take'; readonly rules: readonly number[]; readonly lateMs: number; readonly waitMs: number }
  | {
      readonly kind: 'advance' | 'resolve' | 'acknowledge' | 'silence' | 'expire'
      readonly pick: number
      readonly waitMs: number
    }

const RULES = [
  rule({ id: 'medium' }),
  rule({ id: 'critical', level: 'critical' }),
  rule({ id: 'low', level: 'low', groupBy: ['ip'] }),
]
const WAITS = [0, 1, SECOND, 29 * SECOND, MINUTE, 4 * MINUTE, 5 * MINUTE, HOUR, 6 * DAY, -MINUTE, -DAY]

const wait = fc.constantFrom(...WAITS)
const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      rules: fc.array(fc.nat(8), { minLength: 1, maxLength: 6 }),
      lateMs: fc.constantFrom(0, SECOND, HOUR, -HOUR),
      waitMs: wait,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('advance', 'resolve', 'acknowledge', 'silence', 'expire'),
      pick: fc.nat(20),
      waitMs: wait,
    }),
  },
)
const busy = config({
  group_by: ['principal'],
  max_open_per_rule: 2,
  resolve_after: '6m',
  inhibit_rules: ['medium', 'low'].map((level) => ({
    source_matchers: ['level=critical'],
    target_matchers: [`level=${level}`],
    equal: ['principal'],
  })),
})

/** The same ones for all rules: alerts of the last rule may be about several of them. */
const mixed = (which: number): number => Math.floor(which / RULES.length)
/** No two rules find the same one: a group that is told at once when a critical alert comes holds nothing else. */
const apart = (which: number): number => (which % RULES.length) + (which % RULES.length === 2 ? mixed(which) : 0)

/** The nth finding: rule and principal by `which`. */
function findingOf(which: number, serial: number, at: number, who = mixed): Finding {
  const on = event({
    id: `e${serial}`,
    at,
    principal: `key:${who(which)}`,
    fields: { ip: `10.0.0.${which % 2}` },
    ecs: { 'event.action': `act${serial}` },
  })
  const facts = RULES[which % RULES.length] ?? rule()
  const scored = facts.id === 'low' ? { score: score(on, { p: 1 / (1 + ((serial * 7) % 11)) }) } : {}
  return finding({ rule: facts, event: on, matched: { serial }, ...scored })
}

function perform(alerts: Alerts, step: Deed, serial: number, now: number): void {
  const open = alerts.open()
  if (step.kind === 'take') {
    const findings = step.rules.map((which, at) => findingOf(which, serial * 10 + at, now - step.lateMs))
    return alerts.take(findings, now)
  }
  const target = open[step.pick % Math.max(open.length, 1)]
  if (step.kind === 'silence') {
    const matchers = [{ name: 'principal', value: `key:${step.pick % 3}`, equal: true }]
    alerts.silence({ author: 'eve', comment: 'why', endsAt: now + (1 + step.pick) * MINUTE, matchers }, now)
  } else if (step.kind === 'resolve' && target) attempt(() => alerts.resolve(target.id, 'eve', now))
  else if (step.kind === 'acknowledge' && target) attempt(() => alerts.acknowledge(target.id, 'eve', now))
  else if (step.kind === 'expire') {
    const id = alerts.silences()[step.pick % Math.max(alerts.silences().length, 1)]?.id
    if (id !== undefined) attempt(() => alerts.expireSilence(id, 'eve', now))
  } else alerts.advance(now)
}

/** What time did before the command may have ended its target; then it is refused, in both runs alike. */
function attempt(command: () => unknown): void {
  try {
    command()
  } catch (error) {
    expect(error).toHaveProperty('code', 'MW_REFUSED')
  }
}

function sorted(changes: AlertChanges): unknown {
  const by = (key: (item: never) => string) => (a: unknown, b: unknown) => (key(a as never) < key(b as never) ? -1 : 1)
  return {
    alerts: changes.alerts.toSorted(by((alert: { id: string }) => alert.id)),
    notifications: changes.notifications.toSorted(by((told: { id: string }) => told.id)),
    documents: changes.documents.toSorted(by((change: { kind: string; key: string }) => change.kind + change.key)),
  }
}

function restarted(store: Memory, settings: AlertConfig): Alerts {
  const alerts = new Alerts(settings)
  alerts.restore(store)
  return alerts
}

describe('two runs over the same findings', () => {
  test('agree on every change although one of them was restarted anywhere', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(deed, fc.boolean()), { maxLength: 40 }), (steps) => {
        const [straight, store] = [new Alerts(busy), new Memory()]
        let other = new Alerts(busy)
        let now = NOON
        for (const [serial, [step, isRestarted]] of steps.entries()) {
          now += step.waitMs
          if (isRestarted) other = restarted(store, busy)
          perform(straight, step, serial, now)
          perform(other, step, serial, now)
          const changes = other.changes()
          expect(JSON.parse(JSON.stringify(sorted(changes)))).toEqual(
            JSON.parse(JSON.stringify(sorted(straight.changes()))),
          )
          expect(other.nextDueAt()).toBe(straight.nextDueAt())
          expect(other.open()).toEqual(straight.open())
          store.commit(changes)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('agree on alerts, counts and evidence wherever their batches were cut', () => {
    const take = fc.record({
      kind: fc.constant('take' as const),
      rules: fc.array(fc.nat(8), { minLength: 1, maxLength: 30 }),
      lateMs: fc.constantFrom(0, SECOND, HOUR),
      waitMs: fc.constantFrom(0, SECOND, 4 * MINUTE, 6 * MINUTE, HOUR),
    })
    fc.assert(
      fc.property(fc.array(take, { maxLength: 12 }), (steps) => {
        const [whole, cut] = [new Memory(), new Memory()]
        const [inBatches, oneByOne] = [new Alerts(busy), new Alerts(busy)]
        let now = NOON
        for (const [serial, step] of steps.entries()) {
          now += step.waitMs
          const findings = step.rules.map((which, at) => findingOf(which, serial * 100 + at, now - step.lateMs, apart))
          inBatches.take(findings, now)
          whole.commit(inBatches.changes())
          for (const one of findings) {
            oneByOne.advance(now)
            oneByOne.take([one], now)
            cut.commit(oneByOne.changes())
          }
        }
        expect(cut.alerts({}).map(withoutRevision)).toEqual(whole.alerts({}).map(withoutRevision))
        expect(cut.documents('alert-life')).toEqual(whole.documents('alert-life'))
        expect(cut.documents('risk')).toEqual(whole.documents('risk'))
      }),
      { numRuns: 200 },
    )
  })

  test('lose no finding: the counts of all alerts add up to what was taken', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(8), wait), { maxLength: 100 }), (findings) => {
        const [alerts, store] = [new Alerts(busy), new Memory()]
        let now = NOON
        for (const [serial, [which, waitMs]] of findings.entries()) {
          now += waitMs
          alerts.take([findingOf(which, serial, now)], now)
          store.commit(alerts.changes())
        }
        expect(store.alerts({}).reduce((sum, { count }) => sum + count, 0)).toBe(findings.length)
      }),
      { numRuns: 200 },
    )
  })

  test('every alert that nothing muted is told of as firing before it is told of as resolved', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(8), wait), { maxLength: 60 }), (findings) => {
        const [alerts, store] = [new Alerts(config({ group_by: ['rule'] })), new Memory()]
        let now = NOON
        for (const [serial, [which, waitMs]] of findings.entries()) {
          now += waitMs
          alerts.take([findingOf(which, serial, now)], now)
          store.commit(alerts.changes())
        }
        alerts.advance(now + 30 * DAY)
        store.commit(alerts.changes())
        const told = store.notifications.flatMap((told) => told.alerts.map(({ id, state }) => `${id} ${state}`))
        for (const { id } of store.alerts({})) {
          expect(told).toContain(`${id} firing`)
          expect(told.indexOf(`${id} resolved`)).toBeGreaterThan(told.indexOf(`${id} firing`))
        }
        expect(new Set(store.notifications.map(({ id }) => id)).size).toBe(store.notifications.length)
        expect(alerts.figures()).toMatchObject({ open: 0, groups: 0 })
      }),
      { numRuns: 200 },
    )
  })
})

function withoutRevision({ revision: _revision, ...alert }: { revision: number }): unknown {
  return alert
}
