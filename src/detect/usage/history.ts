import type { Row, Section } from '../state/keyed-rows.ts'
import { centreOf } from '../statistics/robust.ts'
import type { Centre } from '../statistics/robust.ts'
import { OPEN } from './account.ts'
import { FEATURES } from './features.ts'

const COUNT = OPEN.bytes / 8
const CENTRES = COUNT + 1
const ENTRIES = (CENTRES + 2 * FEATURES.length) * 8
/** The hour of the day, then a level for each feature. */
const ENTRY_BYTES = 1 + FEATURES.length
/** The overall centre is taken anew each time so many buckets were added. */
const REFRESH = 8

/** The part of a row that moves when a bucket is learned. */
export function pastSection(buckets: number): Section {
  const bytes = ENTRIES - OPEN.bytes + buckets * ENTRY_BYTES
  return { name: `past.2.${buckets}`, bytes: Math.ceil(bytes / 8) * 8 }
}

/** Levels of the last learned buckets of a principal, with their hours. One for all principals: `of` points it at a row. */
export class History {
  readonly #room: number
  readonly #values: Uint8Array
  readonly #scratch: Uint16Array
  #row: Row | undefined

  constructor(buckets: number) {
    this.#room = buckets
    this.#values = new Uint8Array(buckets)
    this.#scratch = new Uint16Array(buckets)
  }

  of(row: Row): this {
    this.#row = row
    return this
  }

  /** Buckets learned so far, forgotten ones included. */
  get count(): number {
    return this.#row?.numbers[COUNT] ?? 0
  }

  push(hour: number, levels: readonly number[]): void {
    const row = this.#row
    if (!row) return
    const at = ENTRIES + (this.count % this.#room) * ENTRY_BYTES
    row.bytes[at] = hour
    for (const [feature, level] of levels.entries()) row.bytes[at + 1 + feature] = level
    row.numbers[COUNT] = this.count + 1
    if (this.count % REFRESH === 0) this.#refresh(row)
  }

  /** Of all buckets held, taken at most seven buckets ago. */
  overall(feature: number): Centre {
    const at = CENTRES + 2 * feature
    return { median: this.#row?.numbers[at] ?? 0, spread: this.#row?.numbers[at + 1] ?? 0 }
  }

  /** Of the buckets held that began in this hour of the day, and how many they are. */
  atHour(feature: number, hour: number): Centre & { readonly buckets: number } {
    const bytes = this.#row?.bytes ?? this.#values
    const end = ENTRIES + Math.min(this.count, this.#room) * ENTRY_BYTES
    let buckets = 0
    for (let at = ENTRIES; at < end; at += ENTRY_BYTES)
      if (bytes[at] === hour) this.#values[buckets++] = bytes[at + 1 + feature] ?? 0
    return { ...centreOf(this.#values, buckets, this.#scratch), buckets }
  }

  #refresh(row: Row): void {
    const held = Math.min(this.count, this.#room)
    for (let feature = 0; feature < FEATURES.length; feature++) {
      for (let entry = 0; entry < held; entry++)
        this.#values[entry] = row.bytes[ENTRIES + entry * ENTRY_BYTES + 1 + feature] ?? 0
      const { median, spread } = centreOf(this.#values, held, this.#scratch)
      row.numbers[CENTRES + 2 * feature] = median
      row.numbers[CENTRES + 2 * feature + 1] = spread
    }
  }
}
