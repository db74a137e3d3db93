import { describe, expect, test } from 'vitest'
import { Pseudonyms } from '../../../src/normalize/principal/pseudonyms.ts'
import { type Draft, logsource, sealedPaths } from '../../../src/normalize/shape/format.ts'
import { NormalizedEvent } from '../../../src/normalize/shape/normalized-event.ts'
import { KEY, rawRecord } from '../support/read.ts'

function event(describe: Draft['describe']): NormalizedEvent {
  const draft = { at: 1, logsource: logsource('any'), fields: { a: 1 }, sealed: sealedPaths([]), describe }
  const tools = { pseudonyms: new Pseudonyms(KEY), keepText: false }
  return new NormalizedEvent('id', 'any', draft, rawRecord({ a: 1 }), false, tools)
}

describe('an event', () => {
  test('asks its format for the view on first use only', () => {
    let asked = 0
    const lazy = event(() => asked++)
    expect(asked).toBe(0)
    void lazy.ecs
    void lazy.ecs
    expect(asked).toBe(1)
  })

  test('outlives a mistake of its format: the view says that it is not whole', () => {
    const broken = event((ecs) => {
      ecs.word('event.action', 'first')
      throw new Error('a mistake')
    })
    expect(broken.ecs).toEqual({ 'event.kind': 'event', 'event.action': 'first', 'modelward.view_incomplete': true })
  })
})
