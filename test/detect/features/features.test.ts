import { describe, expect, test } from 'vitest'
import type { Inference } from '../../../src/contract/event.ts'
import {
  columnsIn,
  columnsOf,
  featuresOf,
  VECTOR_COLUMNS,
  writeFeatures,
} from '../../../src/detect/features/features.ts'
import { PROMPT_LIMIT, TEXT_COLUMNS, writeText } from '../../../src/detect/features/text.ts'
import { event } from '../../support/events.ts'

const text = { kind: 'text', seed: 1 } as const

describe('a prompt as a vector', () => {
  test('has length 1, and the same text gives the same vector', () => {
    const one = vectorOf('Summarize the report of 2024 in three sentences.')
    expect(one).toHaveLength(TEXT_COLUMNS)
    expect(dot(one, one)).toBeCloseTo(1, 6)
    expect(vectorOf('Summarize the report of 2024 in three sentences.')).toEqual(one)
  })

  test('is near to that of a similar text and far from that of another', () => {
    const one = vectorOf('Summarize the report of the committee in three sentences.')
    expect(dot(one, vectorOf('Summarize the reports of the committee in two sentences.'))).toBeGreaterThan(0.6)
    expect(Math.abs(dot(one, vectorOf('SELECT id FROM orders WHERE total > 10')))).toBeLessThan(0.3)
  })

  test('does not tell letter case, digits and the kind of white space apart', () => {
    expect(vectorOf('Order\t 17\n\nNOW')).toEqual(vectorOf('order 93 now'))
  })

  test('another seed places everything elsewhere', () => {
    const [one, other] = [vectorOf('dog bites man'), vectorOf('dog bites man', 2)]
    expect(Math.abs(dot(one, other))).toBeLessThan(0.4)
  })

  test('of a long prompt the beginning and the end are looked at', () => {
    const middle = (filler: string): string => `begin ${filler.repeat(PROMPT_LIMIT)} end`
    const half = PROMPT_LIMIT / 2
    const long = `${'a b '.repeat(half)}${'c d '.repeat(half)}`
    expect(vectorOf(long)).toEqual(vectorOf(`${long.slice(0, half)}${'z'.repeat(9_999)}${long.slice(-half)}`))
    expect(vectorOf(middle('x '))).not.toEqual(vectorOf(middle('y ')))
  })

  test.each(['', ' \n\t', '\u0000'])('nothing to see in %j', (prompt) => {
    expect(featuresOf(event({ inference: { prompt } }), text)).toBe('empty-text')
  })

  test.each(['é', '\ud800', '日本語', '\uffff\ufffe', 'x'])('something to see in %j', (prompt) => {
    const vector = vectorOf(prompt)
    expect(vector.every(Number.isFinite)).toBe(true)
    expect(dot(vector, vector)).toBeCloseTo(1, 6)
  })
})

describe('a vector of the telemetry', () => {
  test('is scaled to length 1, however large or small it is', () => {
    for (const scale of [1, 1e30, 1e-40]) {
      const vector = made([3 * scale, 4 * scale], 2)
      expect(Array.from(vector as Float32Array, (value) => Number(value.toFixed(3)))).toEqual([0.6, 0.8])
    }
  })

  test('longer ones are folded, and inner products are about kept', () => {
    const wave = (shift: number): number[] => Array.from({ length: 4_000 }, (_, i) => Math.sin(i * i + shift))
    const [one, other, far] = [made(wave(0), 4_000), made(wave(0.5), 4_000), made(wave(2), 4_000)] as Float32Array[]
    expect(one).toHaveLength(VECTOR_COLUMNS)
    expect(columnsOf({ kind: 'vector', seed: 1, columns: 4_000 })).toBe(VECTOR_COLUMNS)
    expect(dot(one ?? none, other ?? none)).toBeCloseTo(Math.cos(0.5), 0)
    expect(dot(one ?? none, far ?? none)).toBeCloseTo(Math.cos(2), 0)
  })

  test.each([
    ['other-columns', [1, 2, 3]],
    ['not-finite', [1, Number.NaN]],
    ['not-finite', [Infinity, 1]],
    ['zero-vector', [0, 0]],
    ['no-vector', []],
  ])('%s is a reason, not a vector', (reason, values) => {
    expect(made(values, 2)).toBe(reason)
  })
})

describe('one request', () => {
  test('is written in a place among others, and nothing beside it', () => {
    const inference = {
      operation: 'chat',
      ok: true,
      parameters: {},
      prompt: 'hello there',
      features: Float32Array.of(3, 4),
    } as const
    const out = new Float32Array(6).fill(9)
    const spec = { kind: 'vector', seed: 1, columns: 2 } as const
    expect(writeFeatures(inference, spec, out, 2)).toBeUndefined()
    expect(Array.from(out, (value) => Number(value.toFixed(3)))).toEqual([9, 9, 0.6, 0.8, 9, 9])
    const texts = new Float32Array(3 * TEXT_COLUMNS).fill(9)
    expect(writeFeatures(inference, text, texts, TEXT_COLUMNS)).toBeUndefined()
    expect(texts.subarray(TEXT_COLUMNS, 2 * TEXT_COLUMNS)).toEqual(vectorOf('hello there'))
    expect([...texts.subarray(0, TEXT_COLUMNS), ...texts.subarray(2 * TEXT_COLUMNS)].every((v) => v === 9)).toBe(true)
  })

  test.each<[Partial<Inference>, number | undefined]>([
    [{ features: Float32Array.of(1, 2, 3), prompt: 'x' }, 3],
    [{ prompt: 'x' }, 0],
    [{ features: new Float32Array(0) }, undefined],
    [{}, undefined],
  ])('says what it brings: %j', (inference, columns) => {
    expect(columnsIn(event({ inference }))).toBe(columns)
  })
})

const none = new Float32Array(VECTOR_COLUMNS)

function vectorOf(prompt: string, seed = 1): Float32Array {
  const vector = new Float32Array(TEXT_COLUMNS)
  writeText(prompt, seed, vector, 0)
  return vector
}

function made(values: readonly number[], columns: number): unknown {
  return featuresOf(event({ inference: { features: Float32Array.from(values) } }), { kind: 'vector', seed: 1, columns })
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)
}
