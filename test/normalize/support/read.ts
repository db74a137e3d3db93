import type { Event } from '../../../src/contract/event.ts'
import type { RawRecord } from '../../../src/contract/record.ts'
import { type NormalizerOptions, openNormalizer } from '../../../src/normalize/normalizer.ts'
import { Pseudonyms } from '../../../src/normalize/principal/pseudonyms.ts'

export const KEY = Buffer.alloc(32, 1)
export const RECEIVED_AT = Date.UTC(2027, 0, 1)

export function rawRecord(value: unknown, parts: Partial<RawRecord> = {}): RawRecord {
  const bytes =
    value instanceof Uint8Array ? value : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  return { source: 'test', stream: 'test-stream', offset: 0, bytes, receivedAt: RECEIVED_AT, ...parts }
}

export function normalizer(options: Partial<NormalizerOptions> = {}): ReturnType<typeof openNormalizer> {
  return openNormalizer({ pseudonyms: new Pseudonyms(KEY, { remember: true }), ...options })
}

/** The events of a record that must be readable. */
export function eventsOf(
  value: unknown,
  parts: Partial<RawRecord> = {},
  options: Partial<NormalizerOptions> = {},
): readonly Event[] {
  const result = normalizer(options).normalize(rawRecord(value, parts))
  if ('refused' in result) throw new Error(`refused: ${result.refused.reason}: ${result.refused.detail}`)
  return result.events
}

/** The only event of a record. */
export function eventOf(
  value: unknown,
  parts: Partial<RawRecord> = {},
  options: Partial<NormalizerOptions> = {},
): Event {
  const [event, ...more] = eventsOf(value, parts, options)
  if (!event || more.length > 0) throw new Error(`expected one event, got ${more.length + (event ? 1 : 0)}`)
  return event
}

/** Why a record is refused. */
export function refusalOf(
  value: unknown,
  parts: Partial<RawRecord> = {},
  options: Partial<NormalizerOptions> = {},
): { reason: string; detail: string } {
  const result = normalizer(options).normalize(rawRecord(value, parts))
  if ('events' in result) throw new Error(`expected a refusal, got ${result.events.length} events`)
  return result.refused
}

/** The principal that this identity has under the tests' key. */
export function pseudonym(kind: Parameters<Pseudonyms['of']>[0], identity: string): string {
  return new Pseudonyms(KEY).of(kind, identity)
}
