import type { Batch, Loss, Position, RawRecord } from '../../../contract/record.ts'
import type { Frame } from '../../framing/framer.ts'
import type { Tail } from './tail.ts'

export interface BatchFacts {
  readonly source: string
  readonly format: string | undefined
  readonly now: () => number
}

/** Gathers records of several files into one batch. The positions are taken when it is built, so they stand behind its last records. */
export class BatchBuilder {
  /** Bytes of records gathered. */
  bytes = 0
  readonly #facts: BatchFacts
  readonly #format: { format?: string }
  #records: RawRecord[] = []
  #losses: Loss[] = []
  #touched = new Set<Tail>()
  #forgotten = new Set<string>()

  constructor(facts: BatchFacts) {
    this.#facts = facts
    this.#format = facts.format === undefined ? {} : { format: facts.format }
  }

  add(tail: Tail, frames: readonly Frame[]): void {
    this.#touched.add(tail)
    if (frames.length === 0) return
    const receivedAt = this.#facts.now()
    const { source } = this.#facts
    const { stream, path: file } = tail
    tail.lastReadAt = receivedAt
    for (const frame of frames) {
      this.#records.push({ source, stream, receivedAt, file, ...this.#format, ...frame })
      this.bytes += frame.bytes.length
    }
  }

  /** The position of this generation has changed. */
  touch(tail: Tail): void {
    this.#touched.add(tail)
  }

  lose(loss: Loss): void {
    this.#losses.push(loss)
  }

  forget(stream: string): void {
    this.#forgotten.add(stream)
  }

  /** What was gathered, or undefined when it is nothing. */
  build(): Batch | undefined {
    const positions = this.#positions()
    if (this.#records.length === 0 && positions.length === 0 && this.#losses.length === 0) return undefined
    const batch: Batch = {
      source: this.#facts.source,
      records: this.#records,
      positions,
      ...(this.#losses.length > 0 ? { losses: this.#losses } : {}),
      // A file needs no answer: the position is all.
      ack: () => undefined,
    }
    this.bytes = 0
    this.#records = []
    this.#losses = []
    this.#touched = new Set()
    this.#forgotten = new Set()
    return batch
  }

  #positions(): readonly Position[] {
    const kept = [...this.#touched].filter((tail) => !this.#forgotten.has(tail.stream))
    return [
      ...kept.map((tail) => ({ stream: tail.stream, value: JSON.stringify(tail.position()) })),
      ...Array.from(this.#forgotten, (stream) => ({ stream, value: null })),
    ]
  }
}
