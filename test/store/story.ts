import { writeSync } from 'node:fs'
import type { Changes, Store } from '../../src/contract/store.ts'
import { reasonOf } from '../../src/runtime/errors.ts'
import { openStore } from '../../src/store/store.ts'
import { given } from '../support/given.ts'
import { alert, auditEntries, notification, quarantined } from './sample.ts'

/** A small life of a store, the same in every process that tells it: step `number` of any. Safe to tell again after a crash. */
export function live(store: Store, number: number): void {
  if (number % 3 === 2) store.outbox.advance('chat', number - 1, [{ seq: number - 1, reason: 'answered 400' }])
  store.commit(commitOf(number))
}

/** How many steps the store has lived. */
export function lived(store: Pick<Store, 'counts'>): number {
  return (store.counts()[0]?.add ?? 0) / 20
}

/** All that a store remembers, to be compared. */
export function memoryOf(store: Store): unknown {
  return {
    positions: [...store.positions('gateway')],
    states: [...store.states('usage')].map(({ key, value }) => [key, [...(value ?? [])]]),
    alerts: store.alerts({}),
    waiting: store.outbox.depth().map(({ consumer }) => [consumer, store.outbox.due(consumer, 1000)]),
    parked: store.outbox.parked(),
    quarantined: store.quarantined({}),
    documents: store.documents('group'),
    head: store.audit.head(),
    verdict: store.audit.verify(),
    counts: store.counts(),
  }
}

/** What step `number` commits. */
export function commitOf(number: number): Changes {
  return {
    positions: [{ source: 'gateway', stream: `file-${number % 2}`, value: number % 5 === 4 ? null : String(number) }],
    states: Array.from({ length: 20 }, (_, index) => ({
      detector: 'usage',
      key: `k${(number * 7 + index) % 30}`,
      value: index === 3 ? null : Uint8Array.of(number, index),
    })),
    alerts: [alert(`a${number % 4}`, { count: number, revision: number })],
    notifications: [notification(`n${number}`)],
    quarantine: number % 3 === 0 ? [quarantined(`q${number}`)] : [],
    documents: [{ kind: 'group', key: `g${number % 3}`, value: number % 4 === 3 ? null : { number } }],
    audit: auditEntries(300, number * 300),
    counts: [{ name: 'received', source: 'gateway', reason: '', add: 20 }],
  }
}

/**
 * As a process: `story.ts DIRECTORY STEPS [FAILPOINT AT]` lives steps up to STEPS and writes each number once it is
 * committed; kills itself at a failpoint of step AT; writes the code of an error and ends with 70.
 */
function main([directory = '', steps = '', failpoint = '', at = '']: readonly string[]): void {
  const { clock, random, log } = given()
  let number = -1
  const strike = (name: string): void => {
    if (name === failpoint && number === Number(at)) process.kill(process.pid, 'SIGKILL')
  }
  try {
    const store = openStore({ directory, clock, random, log, failpoint: strike })
    store.outbox.register(['chat', 'siem'])
    for (number = lived(store); number < Number(steps); number++) {
      live(store, number)
      writeSync(1, `${number}\n`)
    }
    store[Symbol.dispose]()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unexpected'
    writeSync(1, `${code} ${reasonOf(error)}\n`)
    process.exit(70)
  }
}

if (import.meta.main) main(process.argv.slice(2))
