import { expect, test } from 'vitest'
import { Inhibitor } from '../../src/alert/inhibit.ts'
import { WrittenMatcher } from '../../src/alert/matcher.ts'

function inhibitor(source: string, target: string, equal: readonly string[]): Inhibitor {
  return new Inhibitor([
    { source: [WrittenMatcher.parse(source)], target: [WrittenMatcher.parse(target)], equal: [...equal] },
  ])
}

function firing(id: string, level: 'low' | 'high' | 'critical', principal = 'key:a'): Parameters<Inhibitor['add']>[0] {
  return { id, rule: { id: 'r', controls: [] }, level, principal, labels: {} }
}

test('a target is muted while a source with equal labels fires', () => {
  const rules = inhibitor('level=critical', 'level=low', ['principal'])
  rules.add(firing('target', 'low'))
  rules.add(firing('other', 'low', 'key:b'))
  expect(rules.isInhibited('target')).toBe(false)
  rules.add(firing('source', 'critical'))
  expect(rules.isInhibited('target')).toBe(true)
  expect(rules.isInhibited('other')).toBe(false)
  expect(rules.isInhibited('source')).toBe(false)
  expect(rules.remove('source')).toEqual(['target'])
  expect(rules.isInhibited('target')).toBe(false)
})

test('the last of several sources sets the target free', () => {
  const rules = inhibitor('level=critical', 'level=low', [])
  for (const id of ['one', 'two']) rules.add(firing(id, 'critical'))
  rules.add(firing('target', 'low'))
  rules.remove('one')
  expect(rules.isInhibited('target')).toBe(true)
  rules.remove('two')
  expect(rules.isInhibited('target')).toBe(false)
})

test('two alerts that are both source and target do not mute each other, nor one itself', () => {
  const rules = inhibitor('principal=key:a', 'level!=critical', [])
  rules.add(firing('one', 'low'))
  rules.add(firing('two', 'high'))
  expect([rules.isInhibited('one'), rules.isInhibited('two')]).toEqual([false, false])
  rules.add(firing('target', 'low', 'key:b'))
  expect(rules.isInhibited('target')).toBe(true)
  rules.add(firing('source', 'critical'))
  expect([rules.isInhibited('one'), rules.isInhibited('two')]).toEqual([true, true])
})

test('an alert counts once however often it is added, and not at all once removed', () => {
  const rules = inhibitor('level=critical', 'level=low', [])
  rules.add(firing('source', 'critical'))
  rules.add(firing('source', 'critical'))
  rules.add(firing('target', 'low'))
  rules.remove('source')
  rules.remove('source')
  expect(rules.isInhibited('target')).toBe(false)
})
