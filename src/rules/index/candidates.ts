import type { Event } from '../../contract/event.ts'
import { compileField, type Field, type LeafTest } from '../compile/field.ts'
import type { CompiledRule } from '../compile/rule.ts'
import { fold } from '../compile/text.ts'
import { offeredBy, witnessesOf, type Witness } from './witness.ts'

/** Told of each rule that may hold. */
export type Each = (rule: CompiledRule, place: number, event: Event) => void

/** One rule in the index, with the number of the event for which it was last asked. */
interface Entry {
  readonly place: number
  readonly rule: CompiledRule
  asked: number
}

interface IndexedField {
  readonly field: Field
  readonly entries: Map<string, Entry[]>
}

/**
 * Finds the rules that an event can make hold, out of the rules of one log source, by exact values of a few fields. Asking
 * them is left to `each`. Of an event with none of these values it costs one look-up a field.
 */
export class Candidates {
  readonly #always: readonly Entry[]
  readonly #probes: readonly { readonly field: Field; readonly probe: LeafTest }[]
  #number = 0
  #event: Event | undefined
  #each: Each | undefined

  constructor(rules: readonly CompiledRule[]) {
    const uses = countUses(rules)
    const always: Entry[] = []
    const fields = new Map<string, IndexedField>()
    for (const [place, rule] of rules.entries()) {
      const entry = { place, rule, asked: 0 }
      const witnesses = witnessesOf(rule.rule, isIndexable, (witness) => costOf(witness, uses))
      if (!witnesses) always.push(entry)
      for (const witness of witnesses ?? []) register(fields, witness, entry)
    }
    this.#always = always
    this.#probes = [...fields.values()].map(({ field, entries }) => ({ field, probe: this.#probeOf(entries) }))
  }

  /** How many rules are asked of every event, because nothing about them can be looked up. */
  get unindexed(): number {
    return this.#always.length
  }

  /** Calls `each` once for every rule that may hold, in no particular order. */
  each(event: Event, each: Each): void {
    this.#number++
    this.#event = event
    this.#each = each
    for (const { rule, place } of this.#always) each(rule, place, event)
    for (const { field, probe } of this.#probes) field.some(event, probe)
    this.#event = undefined
  }

  /** Made once a field, so that an event costs no closure. Never stops at a value: each may lead to other rules. */
  #probeOf(entries: ReadonlyMap<string, readonly Entry[]>): LeafTest {
    const known = new Map<string, readonly Entry[] | undefined>()
    return (value) => {
      const found = typeof value === 'string' ? lookUpText(entries, known, value) : lookUp(entries, value)
      if (found && this.#event && this.#each)
        for (const entry of found)
          if (entry.asked !== this.#number) {
            entry.asked = this.#number
            this.#each(entry.rule, entry.place, this.#event)
          }
      return false
    }
  }
}

function lookUp(entries: ReadonlyMap<string, readonly Entry[]>, value: unknown): readonly Entry[] | undefined {
  return typeof value === 'number' || typeof value === 'boolean' ? entries.get(String(value)) : undefined
}

/** This many spellings of a field's values are remembered, and none longer than this, so that folding is done once. */
const REMEMBERED = { values: 1024, length: 64 } as const

function lookUpText(
  entries: ReadonlyMap<string, readonly Entry[]>,
  known: Map<string, readonly Entry[] | undefined>,
  text: string,
): readonly Entry[] | undefined {
  const found = known.get(text)
  if (found !== undefined || known.has(text)) return found
  const looked = entries.get(fold(text))
  if (known.size < REMEMBERED.values && text.length <= REMEMBERED.length) known.set(text, looked)
  return looked
}

/** Reading an ECS field may build the event's whole ECS view, which only a likely match is worth. */
function isIndexable(field: string): boolean {
  return !compileField(field).isEcs
}

function register(fields: Map<string, IndexedField>, witness: Witness, entry: Entry): void {
  const indexed = fields.get(witness.field) ?? {
    field: compileField(witness.field),
    entries: new Map<string, Entry[]>(),
  }
  fields.set(witness.field, indexed)
  for (const value of witness.values) indexed.entries.set(value, [...(indexed.entries.get(value) ?? []), entry])
}

interface Uses {
  /** How many rules offer the field as a witness. */
  readonly fields: ReadonlyMap<string, number>
  /** How many rules offer this value of it. */
  readonly values: ReadonlyMap<string, number>
}

function countUses(rules: readonly CompiledRule[]): Uses {
  const fields = new Map<string, number>()
  const values = new Map<string, number>()
  const count = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1)
  for (const { rule } of rules)
    for (const witness of offeredBy(rule, isIndexable)) {
      count(fields, witness.field)
      for (const value of witness.values) count(values, `${witness.field}=${value}`)
    }
  return { fields, values }
}

/** One more field to look up costs every event about as much as this many needless questions would cost a few. */
const FIELD_COST = 8

/** What a witness costs: the rules asked needlessly because they share its values, and its part of a look-up of its field. */
function costOf({ field, values }: Witness, uses: Uses): number {
  const shared = values.reduce((sum, value) => sum + (uses.values.get(`${field}=${value}`) ?? 0), 0) / values.length
  return shared + FIELD_COST / (uses.fields.get(field) ?? 1)
}
