import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Normalized } from '../../src/contract/event.ts'
import { ecsProblems } from '../support/ecs.ts'
import { normalizer, rawRecord } from './support/read.ts'
import { samples } from './support/samples.ts'

/** What an attacker or a broken exporter may write where something else was expected. */
const strange = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    '',
    '-',
    0,
    -1,
    1e308,
    [],
    {},
    [[]],
    [null],
    { a: {} },
    '\uD800',
    '\u0000',
    'x'.repeat(3_000),
  ),
  fc.constantFrom<unknown>(
    { __proto__x: 1 },
    ['a', { b: 1 }],
    '{"a":1}',
    '[1]',
    '{',
    '999.999.1.1',
    '2026-99-99T99:99:99Z',
    2 ** 53,
    '1e400',
  ),
  fc.string({ maxLength: 30 }),
  fc.jsonValue({ maxDepth: 2 }),
)

/** Replaces, removes or renames one value somewhere in a record. */
function mutate(value: unknown, steps: readonly number[], by: unknown): unknown {
  if (typeof value !== 'object' || value === null || steps.length === 0) return by
  const [step = 0, ...rest] = steps
  const names = Object.keys(value)
  if (names.length === 0) return by
  const name = names[step % names.length] ?? ''
  if (Array.isArray(value)) return value.map((item, at) => (String(at) === name ? mutate(item, rest, by) : item))
  const holder = value as Record<string, unknown>
  if (rest.length === 0 && step % 7 === 0)
    return Object.fromEntries(Object.entries(holder).filter(([other]) => other !== name))
  return { ...holder, [name]: mutate(holder[name], rest, by) }
}

const mutation = fc.tuple(fc.array(fc.nat(1_000), { minLength: 1, maxLength: 8 }), strange)
const base = fc.constantFrom(...samples)

function mustHold(result: Normalized, what: string): void {
  if ('refused' in result) {
    expect(result.refused.reason, `${what}: ${result.refused.detail}`).not.toBe('format_failed')
    return
  }
  for (const event of result.events) {
    expect(Number.isFinite(event.at), what).toBe(true)
    expect(event.ecs, what).not.toHaveProperty(['modelward.view_incomplete'])
    expect(ecsProblems(event.ecs), what).toEqual([])
    if (event.inference) expect(event.inference.promptHash ?? 'none').toMatch(/^(?:none|[0-9a-f]{16})$/)
    expect(event.principal ?? 'none').toMatch(/^(?:none|(?:key|user|service|role|session):[\w-]{22})$/)
  }
}

describe('whatever stands in a record', () => {
  test('it is normalised or refused, never thrown at, and its view stays valid', () => {
    const reader = normalizer()
    fc.assert(
      fc.property(
        base,
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        ({ name, record }, mutations, named) => {
          const changed = mutations.reduce<unknown>((at, [steps, by]) => mutate(at, steps, by), record)
          const format = named ? (normalizerNameOf(name) ?? 'json') : undefined
          const result = reader.normalize(rawRecord(JSON.stringify(changed), format === undefined ? {} : { format }))
          mustHold(result, `${name} ${JSON.stringify(changed).slice(0, 2_000)}`)
        },
      ),
      { numRuns: 3_000 },
    )
  })

  test('bytes cut, doubled or flipped anywhere do no harm', () => {
    const reader = normalizer()
    fc.assert(
      fc.property(
        base,
        fc.nat(),
        fc.nat(255),
        fc.constantFrom('cut', 'flip', 'double'),
        ({ record }, at, byte, how) => {
          const bytes = Buffer.from(JSON.stringify(record))
          const place = at % bytes.length
          if (how === 'flip') bytes[place] = byte
          const changed =
            how === 'cut'
              ? bytes.subarray(0, place)
              : how === 'double'
                ? Buffer.concat([bytes, bytes.subarray(place)])
                : bytes
          mustHold(reader.normalize(rawRecord(changed)), changed.toString())
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('any JSON object is an answer under any format', () => {
    const reader = normalizer()
    const formats = fc.constantFrom(
      'litellm',
      'cloudtrail',
      'kubernetes',
      'azure-monitor',
      'otlp',
      'bedrock-invocation',
      'haproxy',
      'nginx',
      'json',
    )
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), formats, (value, format) => {
        mustHold(reader.normalize(rawRecord(JSON.stringify(value), { format })), format)
      }),
      { numRuns: 1_000 },
    )
  })
})

/** The format of a sample that is not named after its format. */
function normalizerNameOf(sample: string): string | undefined {
  const result = normalizer().normalize(rawRecord(samples.find(({ name }) => name === sample)?.record ?? {}))
  return 'events' in result ? result.events[0]?.format : undefined
}
