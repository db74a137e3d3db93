import type { Log } from '../contract/plugin.ts'
import { reasonOf } from '../runtime/errors.ts'

/** Reads JSON columns. A row that is no JSON any more (a flipped bit on the disk) costs itself: it is logged and left out. */
export class JsonReader {
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  /** The value, typed as the writer stored it; undefined when unreadable. */
  read<T>(text: string, place: string): T | undefined {
    try {
      return JSON.parse(text) as T
    } catch (error) {
      this.#log.error('stored row is unreadable and left out', { place, reason: reasonOf(error) })
      return undefined
    }
  }

  readAll<Row extends { readonly json: string }, T, Result>(
    rows: readonly Row[],
    place: string,
    build: (row: Row, value: T) => Result,
  ): readonly Result[] {
    return rows.flatMap((row) => {
      const value = this.read<T>(row.json, place)
      return value === undefined ? [] : [build(row, value)]
    })
  }
}
