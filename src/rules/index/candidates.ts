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
      const witnesses = witnessesOf(rule.rule, isIndexable, (witness) => commonness(witness, uses))
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
    return (value) => {
      const found = lookUp(entries, value)
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
  if (typeof value === 'string') return entries.get(fold(value))
  return typeof value === 'number' || typeof value === 'boolean' ? entries.get(String(value)) : undefined
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

function countUses(rules: readonly CompiledRule[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>()
  for (const { rule } of rules)
    for (const { field, values } of offeredBy(rule, isIndexable))
      for (const value of values) uses.set(`${field}=${value}`, (uses.get(`${field}=${value}`) ?? 0) + 1)
  return uses
}

/** How many rules would be asked because of a witness, were all to choose it. */
function commonness({ field, values }: Witness, uses: ReadonlyMap<string, number>): number {
  return values.reduce((sum, value) => sum + (uses.get(`${field}=${value}`) ?? 0), 0) / values.length
}
