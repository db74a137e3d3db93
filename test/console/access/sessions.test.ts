import { expect, test } from 'vitest'
import { Sessions } from '../../../src/console/access/sessions.ts'
import { given } from '../../support/given.ts'

const HOUR = 3_600_000

test('a session ends when its hours are over', () => {
  const world = given()
  const sessions = new Sessions(world, 12)
  const { id } = sessions.open('dana')
  world.clock.advanceTo(world.clock.now() + 12 * HOUR - 1)
  expect(sessions.find(id)?.by).toBe('dana')
  world.clock.advanceTo(world.clock.now() + 1)
  expect(sessions.find(id)).toBeUndefined()
})

test('a closed session is gone, another one stays', () => {
  const sessions = new Sessions(given(), 12)
  const first = sessions.open('dana')
  const second = sessions.open('dana')
  sessions.close(first.session)
  expect(sessions.find(first.id)).toBeUndefined()
  expect(sessions.find(second.id)).toBe(second.session)
})

test('at most 500 are open: one more ends the oldest, and ended ones make room first', () => {
  const world = given()
  const sessions = new Sessions(world, 1)
  const ids = Array.from({ length: 501 }, () => sessions.open('dana').id)
  expect(sessions.size).toBe(500)
  expect(sessions.find(ids[0] ?? '')).toBeUndefined()
  expect(sessions.find(ids[1] ?? '')).toBeDefined()
  world.clock.advanceTo(world.clock.now() + HOUR)
  sessions.open('kim')
  expect(sessions.size).toBe(1)
})

test('no two sessions share an id or a word for forms', () => {
  const sessions = new Sessions(given(), 1)
  const words = Array.from({ length: 50 }, () => sessions.open('dana')).flatMap(({ id, session }) => [id, session.csrf])
  expect(new Set(words).size).toBe(100)
})
