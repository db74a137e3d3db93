import type { Balance } from '../../contract/desk.ts'

/** `5 records (not read: 4 unknown_format)`. */
export function recordsRead({ received, quarantined }: Pick<Balance, 'received' | 'quarantined'>): string {
  const aside = Object.entries(quarantined).map(([reason, count]) => `${count} ${reason}`)
  return `${received} records${aside.length > 0 ? ` (not read: ${aside.join(', ')})` : ''}`
}
