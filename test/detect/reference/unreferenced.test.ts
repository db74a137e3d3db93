import { expect, test } from 'vitest'
import { Unreferenced } from '../../../src/detect/reference/unreferenced.ts'
import { event } from '../../support/events.ts'

const wanting = {
  name: 'toy',
  feature: 'height',
  what: 'how high callers are',
  isFor: ({ inference }: { readonly inference: { readonly prompt?: string } }) => inference.prompt !== undefined,
}
const request = (prompt?: string) => event({ principal: 'key:a', inference: prompt === undefined ? {} : { prompt } })

test('without a reference a detector says once what is to be done, also after a restart', () => {
  const detector = new Unreferenced(wanting)
  expect(detector.score(request())).toEqual([])
  const [score] = detector.score(request('hello'))
  expect(score).toMatchObject({ detector: 'toy', p: null, explain: { learning: 0 } })
  expect(score?.explain.text).toBe(
    'no frozen reference of how high callers are: run `modelward baseline FILES…` on benign traffic',
  )
  expect(detector.score(request('again'))).toEqual([])
  const stored = detector.changes()
  expect(detector.changes()).toEqual([])
  const restarted = new Unreferenced(wanting)
  restarted.restore(stored)
  expect(restarted.score(request('hello'))).toEqual([])
})

test('what was stored under a reference that is gone is deleted', () => {
  const detector = new Unreferenced(wanting)
  detector.restore([{ key: 'open.1.abcd/key:a', value: new Uint8Array(8) }])
  expect(detector.changes()).toEqual([{ key: 'open.1.abcd/key:a', value: null }])
  expect(detector.keys().held).toBe(0)
})
