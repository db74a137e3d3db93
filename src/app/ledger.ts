import type { Balance } from '../contract/desk.ts'
import type { Metrics } from '../contract/plugin.ts'
import type { Count } from '../contract/store.ts'

/** What became of records, by source and reason: the sum that must always come out even. */
export class Ledger {
  readonly #totals = new Map<string, Count>()
  readonly #metric
  #inFlight = 0
  #pending = new Map<string, Count>()

  constructor(stored: readonly Count[], metrics: Metrics) {
    for (const count of stored) this.#totals.set(keyOf(count), count)
    this.#metric = metrics.counter('modelward_records_total', 'Records by outcome', [
      'outcome',
      'component_id',
      'reason',
    ])
  }

  /** Records were taken from their source. */
  received(source: string, records: number): void {
    this.#inFlight += records
    this.#note({ name: 'received', source, reason: '', add: records })
  }

  /** What became of them; true only once `drain` has been committed. */
  settled(outcome: 'committed' | 'quarantined' | 'dropped', source: string, reason: string, records = 1): void {
    this.#note({ name: outcome, source, reason, add: records })
  }

  lost(source: string, reason: string, bytes: number): void {
    this.#note({ name: 'lost', source, reason, add: 1 })
    if (bytes > 0) this.#note({ name: 'lost_bytes', source, reason, add: bytes })
  }

  /** The counts since the last drain, to be committed with what they count. */
  drain(): readonly Count[] {
    const counts = [...this.#pending.values()]
    this.#pending = new Map()
    return counts
  }

  /** The drained counts are on disk. */
  committed(counts: readonly Count[]): void {
    for (const count of counts) {
      const key = keyOf(count)
      const total = this.#totals.get(key)
      this.#totals.set(key, { ...count, add: (total?.add ?? 0) + count.add })
      if (['committed', 'quarantined', 'dropped'].includes(count.name)) this.#inFlight -= count.add
      this.#metric.add(count.add, { outcome: count.name, component_id: count.source, reason: count.reason })
    }
  }

  counts(): readonly Count[] {
    return [...this.#totals.values()]
  }

  /** received counts what is in flight too, so that both sides can be compared. */
  balance(): Balance {
    const by = (name: string): Record<string, number> => {
      const sums: Record<string, number> = {}
      for (const count of this.#totals.values())
        if (count.name === name) sums[count.reason] = (sums[count.reason] ?? 0) + count.add
      return sums
    }
    const sum = (name: string): number => Object.values(by(name)).reduce((total, add) => total + add, 0)
    const uncommitted = [...this.#pending.values()].filter((count) => count.name === 'received')
    const pending = uncommitted.reduce((total, count) => total + count.add, 0)
    return {
      received: sum('received') + pending,
      committed: sum('committed'),
      quarantined: by('quarantined'),
      dropped: by('dropped'),
      inFlight: this.#inFlight,
    }
  }

  #note(count: Count): void {
    if (count.add === 0) return
    const key = keyOf(count)
    const held = this.#pending.get(key)
    this.#pending.set(key, held ? { ...held, add: held.add + count.add } : count)
  }
}

function keyOf(count: Count): string {
  return `${count.name}\n${count.source}\n${count.reason}`
}
