import { hash } from 'node:crypto'
import type { RawRecord } from '../contract/record.ts'
import { base32 } from '../runtime/base32.ts'

/** A record's own id, for the quarantine: where it stood and what it said. */
export function recordId(record: RawRecord): string {
  const place = hash('sha256', `${record.source}\n${record.stream}\n${record.offset}`, 'buffer')
  return base32(place, 26)
}
