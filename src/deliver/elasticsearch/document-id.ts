import { createHash } from 'node:crypto'
import type { Alert } from '../../contract/alert.ts'

/**
 * The `_id` of an alert in one state: the same wherever and however often it is sent. The millisecond of its start comes
 * first (base 36, nine digits until the year 5188), so that ids of one time stand together in the index; then 128 bits of
 * SHA-256 over alert id and state. 42 characters.
 */
export function documentId(alert: Pick<Alert, 'id' | 'state' | 'startedAt'>): string {
  const bucket = Math.max(0, Math.floor(alert.startedAt)).toString(36).padStart(9, '0')
  return `${bucket}-${createHash('sha256').update(`${alert.id}|${alert.state}`).digest('hex').slice(0, 32)}`
}
