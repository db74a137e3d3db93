import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Risk, weightOf } from '../../src/alert/risk.ts'
import { DAY, NOON } from './findings.ts'

test('one alert weighs what its level weighs, and half of that a day later', () => {
  const risk = new Risk(10)
  risk.add('key:a', 'critical', NOON)
  expect(risk.of('key:a', NOON)).toBeCloseTo(75)
  expect(risk.of('key:a', NOON + DAY)).toBeCloseTo(37.5)
  expect(risk.of('key:b', NOON)).toBe(0)
  expect(risk.of(undefined, NOON)).toBe(0)
})

test('two alerts add as independent doubts do', () => {
  const risk = new Risk(10)
  risk.add('key:a', 'high', NOON)
  risk.add('key:a', 'medium', NOON)
  expect(risk.of('key:a', NOON)).toBeCloseTo(100 * (1 - 0.55 * 0.8))
})

test('it stays within 0 and 100 and never falls by an alert', () => {
  const level = fc.constantFrom('informational', 'low', 'medium', 'high', 'critical')
  fc.assert(
    fc.property(fc.array(fc.tuple(level, fc.integer({ min: -DAY, max: DAY }))), (steps) => {
      const risk = new Risk(10)
      let now = NOON
      for (const [each, waitMs] of steps) {
        now += waitMs
        const before = risk.of('key:a', now)
        risk.add('key:a', each, now)
        expect(risk.of('key:a', now)).toBeGreaterThanOrEqual(before - 1e-9)
        expect(risk.of('key:a', now)).toBeLessThanOrEqual(100)
      }
    }),
  )
})

test('beyond its cap the least suspect are forgotten, and their documents deleted', () => {
  const risk = new Risk(10)
  for (let at = 0; at < 10; at++) risk.add(`key:${at}`, at < 5 ? 'low' : 'high', NOON)
  risk.changes()
  risk.add('key:new', 'critical', NOON)
  expect(risk.keys).toBe(9)
  expect(risk.evicted).toBe(2)
  expect(risk.of('key:new', NOON)).toBe(75)
  const documents = risk.changes()
  expect(documents.filter(({ value }) => value === null).map(({ key }) => key)).toEqual(['key:0', 'key:1'])
})

test('it comes back from its documents, and a clock that went back does not freeze it', () => {
  const risk = new Risk(10)
  risk.add('key:a', 'high', NOON)
  const back = new Risk(10)
  back.restore(risk.changes().map(({ key, value }) => ({ key, value: value as { risk: number; at: number } })))
  expect(back.of('key:a', NOON + DAY)).toBe(risk.of('key:a', NOON + DAY))
  back.rewind(NOON - 10 * DAY)
  expect(back.of('key:a', NOON - 9 * DAY)).toBeCloseTo(22.5)
})

test('levels weigh 0, 5, 20, 45 and 75', () => {
  const levels = ['informational', 'low', 'medium', 'high', 'critical'] as const
  expect(levels.map(weightOf)).toEqual([0, 5, 20, 45, 75])
})
