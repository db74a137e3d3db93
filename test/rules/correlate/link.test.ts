import { describe, expect, test } from 'vitest'
import { linkCorrelations, MOST_CHAINED, type Linked } from '../../../src/rules/correlate/link.ts'
import { correlationText, documents, happens, options } from './given.ts'

/** A correlation called `name` that is fed by `rules`. */
function named(name: string, rules: string, rest = ''): string {
  const body = `type: event_count\nrules: [${rules}]\ngroup-by: user\ntimespan: 1m\ncondition: {gte: 2}\n${rest}`
  return correlationText(body, `title: ${name}\nid: id-${name}\nname: ${name}`)
}

function link(...texts: readonly string[]): Linked {
  const read = documents(...texts)
  expect(read.problems).toEqual([])
  return linkCorrelations(read.correlations, read.rules, options())
}

function ids({ remembering }: Linked): readonly string[] {
  return remembering.map(({ facts }) => facts.id)
}

describe('references', () => {
  test('are ids or names, and every correlation stands after what feeds it', () => {
    const found = link(named('X', 'Y, id-a'), named('Y', 'Z, b'), named('Z', 'id-c'))
    expect(found.problems).toEqual([])
    expect(ids(found)).toEqual(['id-Z', 'id-Y', 'id-X'])
    expect(found.remembering.map(({ feeds }) => feeds)).toEqual([['id-c'], ['id-Z', 'id-b'], ['id-Y', 'id-a']])
    expect([...found.silent].toSorted()).toEqual(['id-Y', 'id-Z', 'id-a', 'id-b', 'id-c'])
  })

  test('what one correlation wants to be heard is heard, though another would silence it', () => {
    expect([...link(named('X', 'a, b'), named('Y', 'a', 'generate: true')).silent]).toEqual(['id-b'])
  })

  test('to what is not there are refused alone, and a near name is offered', () => {
    const found = link(named('Brute_force', 'brute_forc, a'), named('Good', 'a'))
    expect(ids(found)).toEqual(['id-Good'])
    expect(found.problems).toEqual([
      {
        file: 'correlations.yml',
        line: 36,
        part: 'correlation.rules[0]',
        what: 'no rule is called brute_forc',
        cure: 'Is Brute_force meant?',
      },
    ])
    expect(link(named('X', 'somewhere_else')).problems[0]?.cure).toBe('Load the rule too, or correct the reference')
    expect([...link(named('X', 'missing, a')).silent]).toEqual([])
  })

  test('to a correlation that was refused are refused too', () => {
    const found = link(named('X', 'Y'), named('Y', 'missing'), named('Z', 'a'))
    expect(ids(found)).toEqual(['id-Z'])
    expect(found.problems.map(({ what }) => what)).toEqual(['no rule is called missing', 'Y was refused'])
  })

  test('in a circle are refused, each correlation of it, with the circle in words', () => {
    const found = link(named('X', 'Y, a'), named('Y', 'Z'), named('Z', 'X'), named('Good', 'a'))
    expect(ids(found)).toEqual(['id-Good'])
    expect(found.problems.map(({ what }) => what)).toEqual(['it feeds itself: X <- Y <- Z <- X'])
    expect(link(named('X', 'X')).problems).toHaveLength(1)
  })

  test('that fit several rules are refused', () => {
    const twin = named('twin', 'a')
    const found = link(twin, twin.replace('id-twin', 'id-other'), named('X', 'twin'))
    expect(found.problems.map(({ what }) => what)).toEqual([
      'several rules are called twin: correlations.yml, correlations.yml',
    ])
  })

  test('to one rule twice make no temporal correlation of two', () => {
    const text = correlationText('type: temporal\nrules: [a, id-a]\ntimespan: 1m')
    expect(link(text).problems.map(({ part, what }) => `${part}: ${what}`)).toEqual([
      'correlation.rules[1]: it is the same rule as a',
    ])
  })

  test('of aliases may be names where rules has ids, but not to strangers', () => {
    const body =
      'type: temporal\nrules: [id-a, id-b]\ngroup-by: ip\ntimespan: 1m\naliases: {ip: {id-a: src, id-b: dst}}'
    expect(link(correlationText(body)).problems).toEqual([])
  })
})

describe('a chain', () => {
  /** The first is fed by the second and so on, the last by a rule. */
  const chain = (length: number): readonly string[] =>
    Array.from({ length }, (_, at) => named(`N${at}`, at === length - 1 ? 'a' : `N${at + 1}`))

  test('of as many as may be is linked', () => {
    expect(ids(link(...chain(MOST_CHAINED)))).toHaveLength(MOST_CHAINED)
  })

  test.each(['as written', 'the other way round'])('of more is refused where it is too long, %s', (order) => {
    const texts = chain(MOST_CHAINED + 1)
    const found = link(...(order === 'as written' ? texts : texts.toReversed()))
    const what = 'more than 1,000 correlations stand one behind the other'
    expect(found.problems.map((problem) => problem.what)).toContain(what)
    expect(ids(found)).not.toContain('id-N0')
  })
})

test('what correlations left out is counted together', () => {
  const found = link(named('X', 'a'), named('Y', 'b'))
  const [x, y] = found.remembering
  const feed = (memory: typeof x, rule: string, user: unknown, times: number): void => {
    const [one] = documents().rules.filter(({ facts }) => facts.id === rule)
    if (!memory || !one) throw new Error('not linked')
    for (let at = 0; at < times; at++)
      memory.memory.take({ rule: one.facts, event: happens(at, 'a', { user }), matched: () => ({}) })
  }
  feed(x, 'id-a', null, 2)
  feed(y, 'id-b', null, 3)
  feed(y, 'id-b', 'u', 1)
  expect(found.counters()).toEqual({ late: 0, ungrouped: 5, valueless: 0, dropped: 0 })
})
