import type { Row } from './keyed-rows.ts'
import { readShortText, writeShortText } from './short-text.ts'

/** So many requests of a row are remembered as its foremost: a number of each, and in bytes its id. */
export const FOREMOST = 5
const ID_BYTES = 32
export const FOREMOST_BYTES = FOREMOST * ID_BYTES

/** Where they stand in a row: the values from one of its numbers on, largest first, and the ids from one of its bytes on. */
export interface ForemostAt {
  readonly numbers: number
  readonly bytes: number
}

/** Remembers the request if its value, which is above 0, is among the largest; of equals the first one. */
export function keepForemost({ numbers, bytes }: Row, at: ForemostAt, value: number, id: string): void {
  const last = at.numbers + FOREMOST - 1
  if (!(value > (numbers[last] ?? 0))) return
  let place = FOREMOST - 1
  while (place > 0 && value > (numbers[at.numbers + place - 1] ?? 0)) place--
  numbers.copyWithin(at.numbers + place + 1, at.numbers + place, last)
  numbers[at.numbers + place] = value
  const from = at.bytes + place * ID_BYTES
  bytes.copyWithin(from + ID_BYTES, from, at.bytes + FOREMOST_BYTES - ID_BYTES)
  writeShortText(bytes, from, ID_BYTES, id)
}

/** Those of another place in the row, as if they came after. */
export function mergeForemost(row: Row, into: ForemostAt, from: ForemostAt): void {
  for (let place = 0; place < FOREMOST; place++)
    keepForemost(row, into, row.numbers[from.numbers + place] ?? 0, idAt(row, from, place))
}

/** Their ids, the foremost first. */
export function foremostIds(row: Row, at: ForemostAt): readonly string[] {
  return Array.from({ length: FOREMOST }, (_, place) => idAt(row, at, place)).filter((id) => id !== '')
}

function idAt({ bytes }: Row, at: ForemostAt, place: number): string {
  return readShortText(bytes, at.bytes + place * ID_BYTES, ID_BYTES)
}
