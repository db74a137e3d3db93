import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Changes } from '../../src/contract/store.ts'
import { StoreFullError } from '../../src/runtime/errors.ts'
import { rowAfter, chainStart, type ChainHead } from '../../src/store/audit-chain.ts'
import { inMemory } from './opened.ts'
import { alert, auditEntry, notification, quarantined } from './sample.ts'

const small = (...names: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...names)
const few = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { maxLength: 4 })
const text = fc.option(fc.string({ maxLength: 4 }))

const changes: fc.Arbitrary<Changes> = fc.record(
  {
    positions: few(fc.record({ source: small('a', 'b'), stream: small('s', 't'), value: text })),
    states: few(
      fc.record({
        detector: small('d', 'e'),
        key: small('k', 'l', 'é'),
        value: fc.option(fc.uint8Array({ maxLength: 5 })),
      }),
    ),
    documents: few(
      fc.record({
        kind: small('x', 'y'),
        key: small('k', 'l'),
        value: fc.option(fc.jsonValue()),
      }),
    ),
    alerts: few(
      fc.tuple(small('1', '2', '3'), fc.nat(9)).map(([id, revision]) => alert(id, { revision, lastAt: Number(id) })),
    ),
    notifications: few(small('n', 'm').map((id) => notification(id))),
    quarantine: few(
      fc
        .tuple(small('1', '2'), fc.string({ unit: 'binary', maxLength: 5 }))
        .map(([id, detail]) => quarantined(id, { detail: detail.toWellFormed(), at: Number(id) })),
    ),
    audit: few(fc.nat(99).map(auditEntry)),
    counts: few(
      fc.record({ name: small('received'), source: small('a', 'b'), reason: small('', 'r'), add: fc.nat(5) }),
    ),
  },
  { requiredKeys: [] },
)
const fault = fc.constantFrom(undefined, undefined, 'store.before-commit', 'store.in-commit')

/** What a store is, without a disk. */
class Model {
  readonly positions = new Map<string, string>()
  readonly states = new Map<string, readonly number[]>()
  readonly documents = new Map<string, unknown>()
  readonly alerts = new Map<string, unknown>()
  readonly quarantine = new Map<string, unknown>()
  readonly counts = new Map<string, number>()
  readonly notifications: unknown[] = []
  head: ChainHead = chainStart

  commit(one: Changes): void {
    for (const { source, stream, value } of one.positions ?? []) put(this.positions, `${source}/${stream}`, value)
    for (const { detector, key, value } of one.states ?? []) put(this.states, `${detector}/${key}`, value && [...value])
    for (const { kind, key, value } of one.documents ?? []) put(this.documents, `${kind}/${key}`, asStored(value))
    for (const value of one.alerts ?? []) this.alerts.set(value.id, value)
    for (const value of one.quarantine ?? []) this.quarantine.set(value.id, value)
    for (const { name, source, reason, add } of one.counts ?? []) {
      const key = `${name}/${source}/${reason}`
      this.counts.set(key, (this.counts.get(key) ?? 0) + add)
    }
    for (const value of one.notifications ?? [])
      this.notifications.push({ seq: this.notifications.length + 1, notification: value })
    for (const entry of one.audit ?? []) this.head = rowAfter(this.head, entry)
  }
}

/** JSON knows no negative zero. */
function asStored(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

function put<T>(map: Map<string, T>, key: string, value: T | null): void {
  if (value === null) map.delete(key)
  else map.set(key, value)
}

const sorted = (entries: Iterable<readonly [string, unknown]>): unknown =>
  [...entries].toSorted(([one], [other]) => (one < other ? -1 : 1))

test('any sequence of commits, some of them met by a full disk and tried again, is what the model says', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(changes, fault, fc.boolean()), { maxLength: 15 }), (steps) => {
      let struck: string | undefined
      const store = inMemory({
        failpoint: (name) => {
          if (name === struck) throw new StoreFullError('the disk is full')
        },
      })
      store.outbox.register(['one'])
      const model = new Model()
      for (const [one, strikeAt, isTriedAgain] of steps) {
        struck = strikeAt
        const isStruck = struck !== undefined && Object.values(one).some((list) => list.length > 0)
        if (isStruck) expect(() => store.commit(one)).toThrow(StoreFullError)
        struck = undefined
        if (isStruck && !isTriedAgain) continue
        store.commit(one)
        model.commit(one)
      }
      const stored = {
        positions: sorted(
          ['a', 'b'].flatMap((source) =>
            [...store.positions(source)].map(([stream, value]) => [`${source}/${stream}`, value] as const),
          ),
        ),
        states: sorted(
          ['d', 'e'].flatMap((detector) =>
            [...store.states(detector)].map(({ key, value }) => [`${detector}/${key}`, [...(value ?? [])]] as const),
          ),
        ),
        documents: sorted(
          ['x', 'y'].flatMap((kind) =>
            store.documents(kind).map(({ key, value }) => [`${kind}/${key}`, value] as const),
          ),
        ),
        alerts: sorted(store.alerts({}).map((value) => [value.id, value] as const)),
        quarantine: sorted(store.quarantined({}).map((value) => [value.id, value] as const)),
        counts: sorted(
          store.counts().map(({ name, source, reason, add }) => [`${name}/${source}/${reason}`, add] as const),
        ),
        notifications: store.outbox.due('one', 1000),
        head: store.audit.head(),
      }
      const { positions, states, documents, alerts, quarantine, counts, notifications, head } = model
      expect(stored).toEqual({
        positions: sorted(positions),
        states: sorted(states),
        documents: sorted(documents),
        alerts: sorted(alerts),
        quarantine: sorted(quarantine),
        counts: sorted(counts),
        notifications,
        head: { seq: head.seq, hash: head.hash.toString('hex') },
      })
      expect(store.audit.verify()).toMatchObject({ intact: true, entries: head.seq })
      store[Symbol.dispose]()
    }),
    { numRuns: 150 },
  )
})
