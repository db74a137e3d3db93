import type { Event } from '../../contract/event.ts'
import type { Item, Test } from '../parse/syntax.ts'
import { compileField, someValueAnywhere, type Field, type LeafTest } from './field.ts'
import { asKeyword, compileLeaf, type PlainTest } from './leaf.ts'
import { fold, textOf } from './text.ts'

/** Asks an event a question. */
export type Ask = (event: Event) => boolean

/** A value that decided, under its dotted name. */
export interface Shown {
  readonly name: string
  readonly value: unknown
}

/** One line of a selection, ready to be asked. */
export interface CompiledItem {
  readonly ask: Ask
  /** Of an event for which it holds, the value because of which; undefined where the event has none to show. */
  readonly show: (event: Event) => Shown | undefined
  /** What asking costs, roughly; the cheap are asked first. */
  readonly cost: number
}

/** Compiles one line. A missing field passes only `null`, `exists: false` and what `neq` turns round. */
export function compileItem(item: Item): CompiledItem {
  return item.field === undefined ? compileKeywords(item) : compileFieldItem(item, compileField(item.field))
}

function compileFieldItem(item: Item, field: Field): CompiledItem {
  const ask = joined(item, (tests) => fieldAsk(tests, field))
  const leaf = item.negated ? always : compileLeaf(item.groups.flat().filter(isPlain))
  const showing = item.negated || item.groups.flat().every(isPlain) ? leaf : always
  return { ask, show: (event) => shownOf(event, field, showing), cost: costOf(item, field) }
}

function compileKeywords(item: Item): CompiledItem {
  const leaf = (tests: readonly Test[]): LeafTest => compileLeaf(tests.filter(isPlain).map(asKeyword))
  const ask = joined(item, (tests) => {
    const test = leaf(tests)
    return (event) => someValueAnywhere(event.fields, test)
  })
  const any = leaf(item.groups.flat())
  return { ask, show: (event) => (item.negated ? undefined : keywordOf(event, any)), cost: 1000 }
}

/** Groups joined by `any` become one question; by `all`, one each. */
function joined(item: Item, askOf: (tests: readonly Test[]) => Ask): Ask {
  const asks = item.linking === 'all' ? item.groups.map(askOf) : [askOf(item.groups.flat())]
  const ask = allOf(asks)
  return item.negated ? (event) => !ask(event) : ask
}

/** Whether every question is answered with yes; with none, yes. */
export function allOf(asks: readonly Ask[]): Ask {
  const [first, second] = asks
  if (first && asks.length === 1) return first
  if (first && second && asks.length === 2) return (event) => first(event) && second(event)
  return (event) => {
    for (const ask of asks) if (!ask(event)) return false
    return true
  }
}

/** Whether any question is answered with yes. */
export function anyOf(asks: readonly Ask[]): Ask {
  const [first, second] = asks
  if (first && asks.length === 1) return first
  if (first && second && asks.length === 2) return (event) => first(event) || second(event)
  return (event) => {
    for (const ask of asks) if (ask(event)) return true
    return false
  }
}

function fieldAsk(tests: readonly Test[], field: Field): Ask {
  const plain = tests.filter(isPlain)
  const asks = tests.flatMap((test) => wholeFieldAsk(test, field))
  if (plain.length === 0) return anyOf(asks)
  const leaf = compileLeaf(plain)
  return anyOf([(event) => field.some(event, leaf), ...asks])
}

function isPlain(test: Test): test is PlainTest {
  return test.kind !== 'exists' && test.kind !== 'null' && test.kind !== 'field'
}

function wholeFieldAsk(test: Test, field: Field): readonly Ask[] {
  if (test.kind === 'exists') return [(event) => field.exists(event) === test.present]
  if (test.kind === 'null') return [(event) => field.some(event, isNull) || !field.some(event, always)]
  return test.kind === 'field' ? [referenceAsk(test, field)] : []
}

function referenceAsk(test: Extract<Test, { kind: 'field' }>, field: Field): Ask {
  const other = compileField(test.field)
  const normal = (value: unknown): string | undefined => {
    const text = textOf(value)
    return text === undefined || test.cased ? text : fold(text)
  }
  const fits = { whole: isSame, start: isStart, end: isEnd, inside: isInside }[test.place]
  return (event) =>
    field.some(event, (value) => {
      const text = normal(value)
      return text !== undefined && other.some(event, (wanted) => fits(text, normal(wanted)))
    })
}

const isSame = (text: string, part: string | undefined): boolean => text === part
const isStart = (text: string, part: string | undefined): boolean => part !== undefined && text.startsWith(part)
const isEnd = (text: string, part: string | undefined): boolean => part !== undefined && text.endsWith(part)
const isInside = (text: string, part: string | undefined): boolean => part !== undefined && text.includes(part)
const isNull: LeafTest = (value) => value === null
const always: LeafTest = () => true

/** The value because of which an item holds: the only one there is, else the first that passes. */
function shownOf(event: Event, field: Field, leaf: LeafTest): Shown | undefined {
  const value = field.plain?.(event)
  if (value !== undefined && !Array.isArray(value)) return { name: field.name, value }
  let shown: Shown | undefined
  field.some(event, (value) => {
    if (!leaf(value)) return false
    shown = { name: field.name, value }
    return true
  })
  return shown
}

function keywordOf(event: Event, leaf: LeafTest): Shown | undefined {
  let shown: Shown | undefined
  someValueAnywhere(event.fields, leaf, '', (name, value) => {
    shown = { name, value }
  })
  return shown
}

function costOf(item: Item, field: Field): number {
  const tests = item.groups.flat()
  const hard = tests.some((test) => test.kind === 'regex') ? 20 : tests.some((test) => test.kind === 'field') ? 5 : 0
  return tests.length + hard + (field.isEcs ? 100 : 0) + (field.name.includes('.') ? 1 : 0)
}
