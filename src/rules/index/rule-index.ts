import type { Event } from '../../contract/event.ts'
import { compileField, someValueAnywhere, type Field, type LeafTest } from '../compile/field.ts'
import { fold, textOf } from '../compile/text.ts'
import type { Rule } from '../parse/syntax.ts'
import { Atoms, type FieldAtoms, type Question, type Verified } from './atoms.ts'
import { Automaton, type Hits } from './automaton.ts'
import { FAILS, HOLDS, Program, witnessesOf, type Formula } from './formula.ts'

/** A rule and its place among all rules. */
export interface Placed {
  readonly rule: Rule
  readonly place: number
}

/** One field that is looked through. */
interface Sought {
  readonly automaton: Automaton | undefined
  readonly present: number | undefined
  /** Of a dotted name, which may be found along its dots. */
  readonly field: Field | undefined
  readonly probe: LeafTest
}

/** Event numbers are doubled in an Int32Array; before they do not fit, counting begins anew. */
const LAST_NUMBER = 2 ** 30 - 1

/**
 * Finds the rules of one log source that hold for an event. The event's values are looked through once each, which says of
 * every atom whether it holds; a rule is looked at only when one of its witnesses holds, and then asked over atoms alone. An
 * event that leads to no rule allocates nothing.
 */
export class RuleIndex implements Hits {
  /** The places of the rules that held for the last event, in no order; the first `held` of them count. */
  readonly places: Int32Array
  held = 0
  readonly #sought = new Map<string, readonly Sought[]>()
  readonly #keywords: Automaton | undefined
  readonly #keywordProbe: LeafTest
  readonly #questions: readonly Question[]
  readonly #verified: readonly Verified[]
  readonly #code: Int32Array
  /** By rule of this index: where its formula begins, and its place among all rules. */
  readonly #entries: Int32Array
  readonly #placeOf: Int32Array
  readonly #always: Int32Array
  /** By atom: where the rules begin that it leads to; they end where those of the next begin. */
  readonly #begins: Int32Array
  readonly #leads: Int32Array
  /** By atom and by rule: the number of the last event for which it held or was asked. */
  readonly #stamps: Int32Array
  readonly #asked: Int32Array
  /** By question: twice the number of the event for which it was last asked, and 1 for yes. */
  readonly #answers: Int32Array
  /** By pattern to be verified: the last value for which it was. */
  readonly #tried: Int32Array
  readonly #waiting: Int32Array
  #waits = 0
  #number = 0
  #text = 0
  #folded: string | undefined

  constructor(rules: readonly Placed[]) {
    const atoms = new Atoms()
    const formulas = rules.map(({ rule }) => atoms.formulaOf(rule))
    const program = new Program(atoms.costOf)
    this.#entries = Int32Array.from(formulas, (formula) => program.add(formula))
    this.#code = program.finish()
    this.#placeOf = Int32Array.from(rules, ({ place }) => place)
    const leads = leadsOf(formulas, atoms)
    this.#always = Int32Array.from(leads.always)
    this.#begins = leads.begins
    this.#leads = leads.leads
    this.#questions = atoms.questions
    this.#verified = atoms.verified
    this.#stamps = new Int32Array(atoms.count)
    this.#answers = new Int32Array(atoms.questions.length)
    this.#asked = new Int32Array(rules.length)
    this.#tried = new Int32Array(atoms.verified.length)
    this.#waiting = new Int32Array(rules.length)
    this.places = new Int32Array(rules.length)
    for (const field of atoms.fields.values()) this.#seek(field)
    this.#keywords = atoms.keywords.literals.length === 0 ? undefined : new Automaton(atoms.keywords.literals)
    this.#keywordProbe = this.#probeOf(this.#keywords)
  }

  /** How many rules are asked of every event, because nothing in a value leads to them. */
  get unindexed(): number {
    return this.#always.length
  }

  /** Fills `places` and `held`. */
  match(event: Event): void {
    this.#begin()
    const { fields } = event
    for (const key in fields) {
      const sought = this.#sought.get(key)
      if (sought) for (const one of sought) this.#look(one, key, event)
    }
    if (this.#keywords) someValueAnywhere(fields, this.#keywordProbe)
    for (const rule of this.#always) this.#ask(rule, event)
    for (let at = 0; at < this.#waits; at++) this.#ask(this.#waiting[at] ?? 0, event)
  }

  hit(target: number, text: string): void {
    if (target >= 0) this.#holds(target)
    else this.#verify(~target, text)
  }

  #begin(): void {
    this.held = 0
    this.#waits = 0
    if (++this.#number <= LAST_NUMBER) return
    this.#number = 1
    for (const stamps of [this.#stamps, this.#asked, this.#answers]) stamps.fill(0)
  }
  #look({ automaton, present, field, probe }: Sought, key: string, event: Event): void {
    const value = event.fields[key]
    if (value === undefined) return
    if (present !== undefined) this.#holds(present)
    if (!automaton) return
    if (field) field.some(event, probe)
    else this.#scan(automaton, value)
  }

  #scan(automaton: Automaton, value: unknown): void {
    if (Array.isArray(value)) {
      for (const one of value) this.#scan(automaton, one)
      return
    }
    const text = textOf(value)
    if (text === undefined) return
    this.#newText()
    automaton.scan(text, this)
  }

  /** Made once a field, so that an event costs no closure. Never stops at a value: each may lead to other rules. */
  #probeOf(automaton: Automaton | undefined): LeafTest {
    return (value) => {
      if (automaton) this.#scan(automaton, value)
      return false
    }
  }

  #newText(): void {
    this.#folded = undefined
    if (++this.#text <= LAST_NUMBER) return
    this.#text = 1
    this.#tried.fill(0)
  }

  /** Holds a value against the whole pattern, once however often its longest text is in it. */
  #verify(target: number, text: string): void {
    const verified = this.#verified[target]
    if (!verified || this.#tried[target] === this.#text || this.#stamps[verified.atom] === this.#number) return
    this.#tried[target] = this.#text
    this.#folded ??= fold(text)
    if (verified.test(this.#folded)) this.#holds(verified.atom)
  }

  #holds(atom: number): void {
    if (this.#stamps[atom] === this.#number) return
    this.#stamps[atom] = this.#number
    const end = this.#begins[atom + 1] ?? 0
    for (let at = this.#begins[atom] ?? 0; at < end; at++) {
      const rule = this.#leads[at] ?? 0
      if (this.#asked[rule] === this.#number) continue
      this.#asked[rule] = this.#number
      this.#waiting[this.#waits++] = rule
    }
  }

  #ask(rule: number, event: Event): void {
    const code = this.#code
    let at = this.#entries[rule] ?? FAILS
    while (at >= 0) {
      const atom = code[at] ?? 0
      const holds = atom >= 0 ? this.#stamps[atom] === this.#number : this.#answer(~atom, event)
      at = code[holds ? at + 1 : at + 2] ?? FAILS
    }
    if (at === HOLDS) this.places[this.held++] = this.#placeOf[rule] ?? 0
  }

  #answer(question: number, event: Event): boolean {
    const known = this.#answers[question] ?? 0
    if (known >>> 1 === this.#number) return (known & 1) === 1
    const answer = this.#isLikely(question) && (this.#questions[question]?.ask(event) ?? false)
    this.#answers[question] = (this.#number << 1) | Number(answer)
    return answer
  }

  /** Whether a witness of the question holds, where it has any. */
  #isLikely(question: number): boolean {
    const witnesses = this.#questions[question]?.witnesses
    if (!witnesses) return true
    for (const atom of witnesses) if (this.#stamps[atom] === this.#number) return true
    return false
  }

  #seek({ name, literals, present }: FieldAtoms): void {
    const automaton = literals.length === 0 ? undefined : new Automaton(literals)
    const field = name.includes('.') ? compileField(name) : undefined
    const sought = { automaton, present, field, probe: this.#probeOf(automaton) }
    for (const key of new Set([name, name.split('.')[0] ?? '']))
      this.#sought.set(key, [...(this.#sought.get(key) ?? []), sought])
  }
}

interface Leads {
  readonly begins: Int32Array
  readonly leads: Int32Array
  readonly always: readonly number[]
}

/** Atom -> the rules that it leads to. */
function leadsOf(formulas: readonly Formula[], atoms: Atoms): Leads {
  const always: number[] = []
  const led: number[][] = Array.from({ length: atoms.count }, () => [])
  for (const [rule, formula] of formulas.entries()) {
    const witnesses = witnessesOf(formula, atoms.witnessesOf, atoms.weigh)
    if (!witnesses) always.push(rule)
    for (const atom of witnesses ?? []) led[atom]?.push(rule)
  }
  const begins = new Int32Array(atoms.count + 1)
  for (const [atom, rules] of led.entries()) begins[atom + 1] = (begins[atom] ?? 0) + rules.length
  return { begins, leads: Int32Array.from(led.flat()), always }
}
