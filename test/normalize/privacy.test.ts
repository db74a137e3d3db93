import { describe, expect, test } from 'vitest'
import type { Event } from '../../src/contract/event.ts'
import { eventsOf, normalizer, rawRecord } from './support/read.ts'
import { samples } from './support/samples.ts'

const PLANTED = 'Planted-Marker-7f3a'

/** The values in a record at a dotted path, names with dots in them and lists on the way included, with a way to set each. */
function places(value: unknown, path: string): { readonly holder: Record<string, unknown>; readonly name: string }[] {
  if (Array.isArray(value)) return value.flatMap((item) => places(item, path))
  if (typeof value !== 'object' || value === null) return []
  const holder = value as Record<string, unknown>
  return Object.keys(holder).flatMap((name) => {
    if (name === path) return [{ holder, name }]
    return path.startsWith(`${name}.`) ? places(holder[name], path.slice(name.length + 1)) : []
  })
}

/** Every text in a value, replaced. */
function planted(value: unknown, mark: () => string): unknown {
  if (typeof value === 'string' || typeof value === 'number') return mark()
  if (Array.isArray(value)) return value.map((item) => planted(item, mark))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, planted(child, mark)]))
}

function readAs(format: string, fields: unknown): readonly Event[] {
  const result = normalizer().normalize(rawRecord(fields, { format }))
  return 'events' in result ? result.events : []
}

/** OTLP is read into fields of another shape; it has its own test below. */
const direct = samples.filter(({ name }) => !name.startsWith('otlp') && name !== 'json')

describe('the ECS view', () => {
  test.each(direct)('of $name holds nothing that stands at a sealed path', ({ name, record }) => {
    let count = 0
    const mark = (): string => `${PLANTED}-${++count}`
    for (const event of eventsOf(record)) {
      const sealed = [...event.sealed.identity, ...event.sealed.text]
      for (const path of sealed) {
        const fields = structuredClone(event.fields)
        const found = places(fields, path)
        for (const { holder, name } of found) holder[name] = planted(holder[name], mark)
        if (found.length === 0) continue
        for (const again of readAs(event.format, fields)) {
          expect(JSON.stringify([again.ecs, again.principal]), `${name}: ${path}`).not.toContain(PLANTED)
        }
      }
    }
    if (name !== 'log-analytics-row') expect(count).toBeGreaterThan(0)
  })

  test.each(direct)('of $name never holds what its principal is called', ({ record }) => {
    for (const event of eventsOf(record)) {
      if (event.principal === undefined) continue
      const all = JSON.stringify(event.ecs)
      for (const path of event.sealed.identity)
        for (const { holder, name } of places(event.fields, path)) {
          const value = holder[name]
          if (typeof value === 'string' && value.length > 3)
            expect(all.toLowerCase()).not.toContain(value.toLowerCase())
        }
    }
  })

  test('of OpenTelemetry holds neither people nor text, wherever they were written', () => {
    const record = JSON.parse(
      JSON.stringify(samples.filter(({ name }) => name.startsWith('otlp')).map((one) => one.record)),
    ) as unknown[]
    const people = ['ann@example.com', 'bob@example.com', 'cleo', 'Say hi', 'What is up?', 'Dora', '"hi"']
    const events = record.flatMap((one) => eventsOf(one))
    const all = JSON.stringify(events.map((event) => [event.ecs, event.principal]))
    const fields = JSON.stringify(events.map((event) => event.fields))
    for (const word of people) {
      expect(fields).toContain(word.replaceAll('"', ''))
      expect(all).not.toContain(word)
    }
  })

  test('of OpenTelemetry with a raw key in place of its hash holds a pseudonym only', () => {
    const record = {
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                {
                  attributes: [
                    { key: 'gen_ai.request.model', value: { stringValue: 'm' } },
                    { key: 'api_key.hash', value: { stringValue: PLANTED } },
                  ],
                },
              ],
            },
          ],
        },
      ],
    }
    const [event] = eventsOf(record)
    expect(event?.principal).toMatch(/^key:/)
    expect(JSON.stringify(event?.ecs)).not.toContain(PLANTED)
  })

  test('keeps source addresses, which response needs', () => {
    const withSource = direct
      .flatMap(({ record }) => eventsOf(record))
      .filter((event) => event.ecs['source.ip'] !== undefined)
    expect(withSource.length).toBeGreaterThan(8)
  })
})
