import type { Detector, KeyUse, Score, StateChange } from '../../src/contract/detect.ts'
import type { Event } from '../../src/contract/event.ts'
import { KeyedRows } from '../../src/detect/state/keyed-rows.ts'
import type { Row } from '../../src/detect/state/keyed-rows.ts'
import { readShortText, writeShortText } from '../../src/detect/state/short-text.ts'

/** The state that the toy detectors below have in common: a row of numbers for each principal. */
abstract class Toy implements Detector {
  readonly name: string
  readonly rows: KeyedRows

  constructor(name: string, cap: number, bytes = 64) {
    this.name = name
    this.rows = new KeyedRows(cap, [{ name: 'toy.1', bytes }])
  }

  abstract score(event: Event): readonly Score[]
  abstract learn(event: Event): void
  changes(): readonly StateChange[] {
    return this.rows.changes()
  }
  restore(state: Iterable<StateChange>): void {
    this.rows.restore(state)
  }
  keys(): KeyUse {
    return this.rows.keys()
  }
  async [Symbol.asyncDispose](): Promise<void> {}

  say(event: Event, feature: string, seen: number, expected: number): Score {
    const p = Math.min(1, Math.exp(-Math.abs(seen - expected)))
    const explain = { feature, seen, expected, text: `${feature} ${seen}, usually ${expected}` }
    return { detector: this.name, event, p, direction: seen > expected ? 'high' : 'low', explain }
  }
}

/** Collects eight requests of a principal, then answers from `flush` for all full windows at once, as a device would. */
export class WindowToy extends Toy {
  #full: { readonly event: Event; readonly mean: number }[] = []

  score(event: Event): readonly Score[] {
    if (!event.inference || event.principal === undefined) return []
    const { numbers } = this.rows.use(event.principal)
    const [count, sum] = [(numbers[1] ?? 0) + 1, (numbers[2] ?? 0) + finite(event.inference.inputTokens)]
    numbers.set(count === 8 ? [0, 0] : [count, sum], 1)
    if (count === 8) this.#full.push({ event, mean: sum / 8 })
    return []
  }

  async flush(signal: AbortSignal): Promise<readonly Score[]> {
    signal.throwIfAborted()
    const full = this.#full
    this.#full = []
    await new Promise((resolve) => setImmediate(resolve))
    return full.map(({ event, mean }) => this.say(event, 'mean tokens of eight', mean, 150))
  }

  learn(): void {}
}

/** Works on all events of a batch at once in `prepare`, and compares the result with what each principal did before. */
export class BatchToy extends Toy {
  readonly #prepared = new WeakMap<Event, number>()

  async prepare(events: readonly Event[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const input = Float64Array.from(events, (event) => finite(event.inference?.inputTokens))
    const output = await new Promise<Float64Array>((resolve) => setImmediate(() => resolve(input.map(Math.log1p))))
    for (const [at, event] of events.entries()) this.#prepared.set(event, output[at] ?? 0)
  }

  score(event: Event): readonly Score[] {
    if (!event.inference || event.principal === undefined) return []
    const { numbers } = this.rows.use(event.principal)
    const [count, sum] = [numbers[1] ?? 0, numbers[2] ?? 0]
    return [this.say(event, 'log tokens', this.#prepared.get(event) ?? Number.NaN, count === 0 ? 5 : sum / count)]
  }

  learn(event: Event): void {
    const row = event.inference && event.principal !== undefined ? this.rows.find(event.principal) : undefined
    if (!row) return
    row.numbers[1] = (row.numbers[1] ?? 0) + 1
    row.numbers[2] = (row.numbers[2] ?? 0) + (this.#prepared.get(event) ?? Number.NaN)
    this.rows.touch(row, 0)
  }
}

const HOUR = 3_600_000
const ID = { from: 64, room: 32 }

/**
 * Counts requests an hour and answers for it on the principal's first event after it. An answer of that kind has no event
 * at hand, least of all after a restart: it stands on one made from the stored id.
 */
export class SeriesToy extends Toy {
  score(event: Event): readonly Score[] {
    if (!event.inference || event.principal === undefined || !(Math.abs(event.at) < 8e15)) return []
    const row = this.rows.use(event.principal)
    const scores = [...this.#answer(row, event.principal, event.at)]
    row.numbers[1] = Math.floor(event.at / HOUR)
    row.numbers[2] = (row.numbers[2] ?? 0) + 1
    row.numbers[3] = event.at
    writeShortText(row.bytes, ID.from, ID.room, event.id)
    return scores
  }

  learn(): void {}

  #answer(row: Row, principal: string, at: number): readonly Score[] {
    const [hour = 0, count = 0, lastAt = 0] = row.numbers.subarray(1)
    if (count === 0 || Math.floor(at / HOUR) === hour) return []
    row.numbers[2] = 0
    const id = readShortText(row.bytes, ID.from, ID.room)
    return [{ ...this.say(standIn(id, lastAt, principal), 'requests an hour', count, 4), principal }]
  }
}

function standIn(id: string, at: number, principal: string): Event {
  const logsource = { product: 'modelward', category: 'score' }
  const sealed = { identity: [], text: [] }
  return { id, at, receivedAt: at, source: '', format: '', logsource, fields: {}, sealed, principal, ecs: {} }
}

function finite(value: number | undefined): number {
  return value !== undefined && value > 0 && value < 1e9 ? value : 0
}
