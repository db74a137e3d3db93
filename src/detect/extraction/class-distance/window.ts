import type { Row } from '../../state/keyed-rows.ts'
import { readShortText, writeShortText } from '../../state/short-text.ts'
import { excess } from './frechet.ts'
import type { Model, Placed } from './model.ts'
import { COORDINATES } from './space.ts'
import type { Space } from './space.ts'

/** Queries of a window, and of the vote. */
export const [WINDOW, VOTERS] = [32, 50]
const EXEMPLARS = 5
const ID_BYTES = 32

// In numbers; the first belongs to the map.
const [STARTED, COUNT, VOTED, OUTSIDE, FARTHEST] = [1, 2, 3, 4, 5]
const NUMBERS = FARTHEST + EXEMPLARS
// And in bytes after them.
const IDS = NUMBERS * 8
const VOTES = IDS + EXEMPLARS * ID_BYTES
const PLACES = VOTES + 8 * Math.ceil(VOTERS / 8)
const COORDINATE_BYTES = PLACES + WINDOW

export function sectionOf(version: string): { readonly name: string; readonly bytes: number } {
  return { name: version, bytes: COORDINATE_BYTES + WINDOW * COORDINATES }
}

/** A window that has just been filled. */
export interface Filled {
  /** How much farther than usual the queries are from their classes, in squared coordinates a query. */
  readonly excess: number
  /** How many of the last fifty queries are far from the anchors of their class; undefined while they are fewer. */
  readonly far: number | undefined
  /** How far the queries are outside of the benign directions, in standard deviations, on average. */
  readonly outside: number
  readonly startedAt: number
  /** Ids of the window's queries farthest from the anchors, the farthest first. */
  readonly exemplars: readonly string[]
}

/** One principal's open window and last votes: a view on its row. */
export class OpenWindow {
  readonly #row: Row
  readonly #coordinates: Int8Array

  constructor(row: Row) {
    this.#row = row
    const { buffer, byteOffset } = row.bytes
    this.#coordinates = new Int8Array(buffer, byteOffset + COORDINATE_BYTES, WINDOW * COORDINATES)
  }

  /** Whether this very query is among the last 32: a client that sends all twice has no other inputs than one that does not. */
  holds({ coordinates, place }: Placed): boolean {
    const { numbers, bytes } = this.#row
    const kept = Math.min(WINDOW, numbers[VOTED] ?? 0)
    for (let i = 0; i < kept; i++) {
      if (bytes[PLACES + i] !== place) continue
      const from = i * COORDINATES
      let at = 0
      while (at < COORDINATES && this.#coordinates[from + at] === coordinates[at]) at++
      if (at === COORDINATES) return true
    }
    return false
  }

  /** Adds a query; the window that it fills is told and begins anew. */
  add(query: Placed, at: number, id: string, model: Model, space: Space): Filled | undefined {
    const { numbers, bytes } = this.#row
    const count = numbers[COUNT] ?? 0
    if (count === 0) numbers[STARTED] = at
    const voted = numbers[VOTED] ?? 0
    bytes[VOTES + (voted % VOTERS)] = query.distance > 1 ? 1 : 0
    numbers[VOTED] = voted + 1
    this.#coordinates.set(query.coordinates, count * COORDINATES)
    bytes[PLACES + count] = query.place
    numbers[COUNT] = count + 1
    numbers[OUTSIDE] = (numbers[OUTSIDE] ?? 0) + query.outside
    this.#remember(query.distance, id)
    return count + 1 < WINDOW ? undefined : this.#told(model, space)
  }

  #told(model: Model, space: Space): Filled {
    const { numbers, bytes } = this.#row
    const window = Array.from({ length: WINDOW }, (_, i) => ({
      place: bytes[PLACES + i] ?? 0,
      at: space.measured(this.#coordinates.subarray(i * COORDINATES, (i + 1) * COORDINATES)),
    }))
    const votes = bytes.subarray(VOTES, VOTES + VOTERS)
    const filled: Filled = {
      excess: excess(model.classes, window),
      far: (numbers[VOTED] ?? 0) < VOTERS ? undefined : votes.reduce((sum, vote) => sum + vote, 0),
      outside: (numbers[OUTSIDE] ?? 0) / WINDOW,
      startedAt: numbers[STARTED] ?? 0,
      exemplars: Array.from({ length: EXEMPLARS }, (_, i) => readShortText(bytes, IDS + i * ID_BYTES, ID_BYTES)).filter(
        (id) => id !== '',
      ),
    }
    numbers[COUNT] = 0
    numbers.fill(0, OUTSIDE, FARTHEST + EXEMPLARS)
    bytes.fill(0, IDS, VOTES)
    return filled
  }

  #remember(distance: number, id: string): void {
    const { numbers, bytes } = this.#row
    // Exact copies of an anchor are at 0, which is an empty place.
    const far = distance + Number.EPSILON
    if (!(far > (numbers[FARTHEST + EXEMPLARS - 1] ?? 0))) return
    let place = EXEMPLARS - 1
    while (place > 0 && far > (numbers[FARTHEST + place - 1] ?? 0)) place--
    numbers.copyWithin(FARTHEST + place + 1, FARTHEST + place, FARTHEST + EXEMPLARS - 1)
    numbers[FARTHEST + place] = far
    const at = IDS + place * ID_BYTES
    bytes.copyWithin(at + ID_BYTES, at, IDS + (EXEMPLARS - 1) * ID_BYTES)
    writeShortText(bytes, at, ID_BYTES, id)
  }
}
