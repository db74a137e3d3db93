import type { RawRecord } from '../../../src/contract/record.ts'

/** What the model knows of one written record. */
export interface Written {
  readonly text: string
  /** Its newline has been written. */
  isWhole: boolean
  /** It has been where the collector could not read it before it was gone, so it may be missing. */
  mayBeMissing: boolean
  /** How often it may come. */
  copies: number
}

/** What was written in a life, and what was committed of it. */
interface Lived {
  readonly all: readonly Written[]
  readonly committed: readonly RawRecord[]
  /** Unfinished lines that were never finished; they may come once each. */
  readonly fragments: readonly string[]
}

/** Throws unless every record came as often as it may, nothing else did, and each stream is in order. */
export function compare({ all, committed, fragments }: Lived): void {
  const counts = new Map<string, number>()
  for (const record of committed) {
    if (record.refused) throw new Error(`refused: ${record.refused.detail}`)
    counts.set(textOf(record), (counts.get(textOf(record)) ?? 0) + 1)
  }
  for (const record of all) {
    const count = counts.get(record.text) ?? 0
    if (count > record.copies) throw new Error(`${record.text} was read ${count} times`)
    if (count === 0 && record.isWhole && !record.mayBeMissing) throw new Error(`${record.text} was not read`)
    counts.delete(record.text)
  }
  for (const fragment of fragments) {
    const count = counts.get(fragment)
    if (count !== undefined) counts.set(fragment, count - 1)
    if (count === 1) counts.delete(fragment)
  }
  for (const [text] of counts) throw new Error(`${text} was read and never written so`)
  checkOrder(committed)
}

function checkOrder(committed: readonly RawRecord[]): void {
  const last = new Map<string, RawRecord>()
  for (const record of committed) {
    const before = last.get(record.stream)
    const index = before ? (before.index ?? 0) + 1 : 0
    if (record.index !== index) throw new Error(`${textOf(record)} has index ${record.index} instead of ${index}`)
    if (before && record.offset < before.offset + before.bytes.length)
      throw new Error(`${textOf(record)} lies before the record it follows`)
    last.set(record.stream, record)
  }
}

export function textOf(record: RawRecord): string {
  return Buffer.from(record.bytes).toString()
}
