import { z } from 'zod'

/** A body in the journal: when it was accepted (epoch ms), how its records are cut, and the digests of its idempotency key. */
const BodyMeta = z.object({
  receivedAt: z.number(),
  accepted: z.number(),
  recordBytes: z.number(),
  depth: z.number(),
  format: z.string().optional(),
  key: z.string().optional(),
  body: z.string().optional(),
})
export type BodyMeta = z.output<typeof BodyMeta>

/** All idempotency keys that were remembered when a segment was begun. */
export const KEYS_META = { kind: 'keys' } as const

/** What an entry of the journal is; undefined when this version does not know it. */
export function entryMeta(meta: Readonly<Record<string, unknown>>): BodyMeta | 'keys' | undefined {
  if (meta['kind'] === 'keys') return 'keys'
  const parsed = BodyMeta.safeParse(meta)
  return parsed.success ? parsed.data : undefined
}
