import type { Detector, KeyUse, Score, StateChange } from '../../contract/detect.ts'
import type { Event } from '../../contract/event.ts'
import { isModelRequest, type ModelRequest } from '../request/model-request.ts'
import { SingleRow } from '../state/single-row.ts'

/** What a detector would look at if it had a reference. */
export interface Wanting {
  readonly name: string
  readonly feature: string
  /** What the reference would be of: `how distances between queries scatter`. */
  readonly what: string
  isFor(event: ModelRequest): boolean
}

/**
 * Stands in for a detector that compares with a frozen reference while there is none. It says so on the first request that
 * it would have looked at, once for each data directory, and costs nothing beside.
 */
export class Unreferenced implements Detector {
  readonly #wanting: Wanting
  readonly #said = new SingleRow('unreferenced.1', 1)
  /** Stored keys of another time that mean nothing without the reference they were made under. */
  #gone: string[] = []

  constructor(wanting: Wanting) {
    this.#wanting = wanting
  }

  score(event: Event): readonly Score[] {
    if (this.#said.numbers[0] !== 0 || !isModelRequest(event) || !this.#wanting.isFor(event)) return []
    this.#said.numbers[0] = 1
    this.#said.touch()
    const { name, feature, what } = this.#wanting
    const text = `no frozen reference of ${what}: run \`modelward baseline FILES…\` on benign traffic`
    const explain = { feature, seen: 0, expected: null, learning: 0, text }
    return [{ detector: name, event, p: null, direction: 'high', part: 'learning', explain }]
  }

  learn(): void {}

  changes(): readonly StateChange[] {
    const gone = this.#gone.splice(0).map((key) => ({ key, value: null }))
    return [...gone, ...this.#said.changes()]
  }

  restore(state: Iterable<StateChange>): void {
    this.#said.clear()
    this.#gone = [...state].filter((change) => !this.#said.restore(change)).map(({ key }) => key)
  }

  keys(): KeyUse {
    return { held: 0, cap: 1, evicted: 0 }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
