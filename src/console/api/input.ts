import { z } from 'zod'
import type { AlertState } from '../../contract/alert.ts'
import type { AlertQuery } from '../../contract/store.ts'
import { checked } from '../http/body.ts'

const name = z.string().min(1).max(200)

export const NewSilence = z.strictObject({
  comment: z.string().min(1).max(1000),
  endsAt: z.number().int().positive().describe('Epoch ms'),
  matchers: z
    .array(z.strictObject({ name, value: z.string().max(1000), equal: z.boolean().default(true) }))
    .min(1)
    .max(20),
})

export const NewPlan = z.strictObject({
  playbook: name,
  alert: name,
  principal: name.optional().describe('One of those whom the alert names; without it, all'),
})

export const Digest = z.strictObject({
  digest: z.string().min(1, 'send the digest of the plan that you have read').max(200),
})

/** Requests that carry nothing. */
export const Nothing = z.strictObject({})

const STATES: readonly AlertState[] = ['pending', 'firing', 'resolved']

const count = (most: number, preset: number) =>
  z.coerce
    .number('write a number')
    .int()
    .min(1)
    .max(most, { error: `write a number from 1 to ${most}` })
    .default(preset)

const AlertParameters = z.strictObject({
  state: z
    .string()
    .transform((words) => words.split(','))
    .pipe(z.array(z.enum([...STATES, 'open'], 'write pending, firing, resolved or open, several joined by commas')))
    .optional(),
  principal: name.optional(),
  rule: name.optional(),
  since: z.coerce.number('write epoch milliseconds').int().min(0).optional(),
  limit: count(1000, 100),
})

/** `state=open` stands for pending and firing. Throws RequestError 400 that names the parameter. */
export function alertQuery(query: URLSearchParams): AlertQuery {
  const { state, principal, rule, since, limit } = checked(AlertParameters, Object.fromEntries(query), 'the query')
  const states = state?.flatMap((word) => (word === 'open' ? (['pending', 'firing'] as const) : [word]))
  return {
    limit,
    ...(states === undefined ? {} : { states }),
    ...(principal === undefined ? {} : { principal }),
    ...(rule === undefined ? {} : { rule }),
    ...(since === undefined ? {} : { since }),
  }
}

const Limit = z.strictObject({ limit: count(10_000, 1000) })

/** Throws RequestError 400. */
export function limitOf(query: URLSearchParams): number {
  return checked(Limit, Object.fromEntries(query), 'the query').limit
}
