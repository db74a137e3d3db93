import type { Event } from '../../contract/event.ts'
import { compileField, someValueAnywhere, type Field, type LeafTest } from '../compile/field.ts'
import { fold, textOf } from '../compile/text.ts'
import type { Rule } from '../parse/syntax.ts'
import { Atoms, type FieldAtoms, type Question, type Verified } from './atoms.ts'
import { Automaton } from './automaton.ts'
import { FAILS, HOLDS, Program, witnessesOf, type Formula } from './formula.ts'
import type { Finder, Hits, Literal } from './literal.ts'
import { LongTexts, strideOf } from './long-texts.ts'
import { ValueMemory, type Found } from './value-memory.ts'

/** A rule and its place among all rules. */
export interface Placed {
  readonly rule: Rule
  readonly place: number
}

/** One field that is looked through. */
interface Sought {
  readonly finder: Finder | undefined
  readonly present: number | undefined
  /** Of a dotted name, which may be found along its dots. */
  readonly field: Field | undefined
  readonly probe: LeafTest
}

/** What is looked for in the value of one key, and what was found in it last. */
interface Key {
  sought: readonly Sought[]
  /** None where the value alone does not decide: names with dots are looked for along them too. */
  memory: ValueMemory | undefined
  /** The number of the last event whose value was remembered, and what was found in it. */
  number: number
  found: Found | undefined
}

/** A question that one value decides: that value's key, and its place among the answers that are remembered with the value. */
interface Slot {
  readonly key: Key
  readonly at: number
}

/** Values that an index remembers, all keys together; with one more, all are forgotten. */
export const MOST_REMEMBERED = 4096

/** Keys that an index may know before it takes up no more that no rule names. */
const MOST_KEYS = 1024

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
  readonly #keys = new Map<string, Key>()
  /** Fields that the event may have in its ECS view alone. */
  readonly #ecs: readonly FieldAtoms[]
  readonly #keywords: Finder | undefined
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
  /** By atom: the last value in which it was found. */
  readonly #noted: Int32Array
  /** The atoms found in a value that is about to be remembered; the first `founds` count. */
  readonly #found: Int32Array
  #founds = 0
  #remembered = 0
  /** By question: where its answer is remembered, if it is. */
  readonly #slots: readonly (Slot | undefined)[]
  #folded: string | undefined

  constructor(rules: readonly Placed[]) {
    const atoms = new Atoms()
    const looked = rules.map(({ rule }) => atoms.formulaOf(rule))
    const leads = leadsOf(looked, atoms)
    const formulas = atoms.settle(looked, leads.leading)
    const program = new Program(atoms.costOf)
    this.#entries = Int32Array.from(formulas, (formula) => program.add(formula))
    this.#code = program.finish()
    this.#placeOf = Int32Array.from(rules, ({ place }) => place)
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
    this.#ecs = [...atoms.ecs.values()]
    for (const field of [...atoms.fields.values(), ...this.#ecs]) this.#seek(field)
    this.#keywords = finderOf(atoms.keywords.literals)
    this.#keywordProbe = this.#probeOf(this.#keywords)
    this.#noted = new Int32Array(atoms.count)
    this.#found = new Int32Array(atoms.count)
    this.#slots = this.#remember(atoms.questions)
  }

  /** How many rules are asked of every event, because nothing in a value leads to them. */
  get unindexed(): number {
    return this.#always.length
  }

  /** Values that are remembered. */
  get remembered(): number {
    return [...this.#keys.values()].reduce((sum, { memory }) => sum + (memory?.size ?? 0), 0)
  }

  /** Fills `places` and `held`. */
  match(event: Event): void {
    this.#begin()
    const { fields } = event
    for (const name in fields) {
      const key = this.#keys.get(name) ?? (this.#keywords ? this.#meet(name) : undefined)
      if (key) this.#look(key, fields[name], event)
    }
    for (const { name, present } of this.#ecs)
      if (present !== undefined && event.ecs[name] !== undefined) this.#holds(present)
    for (const rule of this.#always) this.#ask(rule, event)
    for (let at = 0; at < this.#waits; at++) this.#ask(this.#waiting[at] ?? 0, event)
  }

  hit(target: number, text: string): void {
    if (target >= 0) this.#note(target)
    else this.#verify(~target, text)
  }

  #begin(): void {
    this.held = 0
    this.#waits = 0
    this.#founds = 0
    if (++this.#number <= LAST_NUMBER) return
    this.#number = 1
    for (const stamps of [this.#stamps, this.#asked, this.#answers]) stamps.fill(0)
    for (const key of this.#keys.values()) key.number = 0
  }

  #look(key: Key, value: unknown, event: Event): void {
    const { memory } = key
    if (typeof value !== 'string' || !memory?.takes(value)) return this.#search(key, value, event)
    let found = memory.find(value)
    if (found) for (const atom of found.atoms) this.#holds(atom)
    else {
      this.#search(key, value, event)
      found = memory.learn(value, Array.from(this.#found.subarray(0, this.#founds)))
      if (++this.#remembered >= MOST_REMEMBERED) this.#forget()
    }
    key.number = this.#number
    key.found = found
  }

  /** A key that no rule names, but whose values may hold keywords. */
  #meet(name: string): Key {
    const isOneMore = this.#keys.size < MOST_KEYS
    const memory = isOneMore ? new ValueMemory(0) : undefined
    const key: Key = { sought: [], memory, number: 0, found: undefined }
    if (isOneMore) this.#keys.set(name, key)
    return key
  }

  #forget(): void {
    this.#remembered = 0
    for (const { memory } of this.#keys.values()) memory?.forget()
  }

  /** Everything that holds because of a key's value; what one text brought is in `found`. */
  #search({ sought }: Key, value: unknown, event: Event): void {
    if (value === undefined) return
    this.#founds = 0
    this.#newText()
    for (const { finder, present, field, probe } of sought) {
      if (present !== undefined) this.#note(present)
      if (field) field.some(event, probe)
      else if (finder) this.#scan(finder, value)
    }
    if (this.#keywords) this.#scanWords(value)
  }

  /** Looks for keywords in a value of the record, however deep. */
  #scanWords(value: unknown): void {
    if (typeof value === 'object') someValueAnywhere(value, this.#keywordProbe, '', undefined, 1)
    else if (this.#keywords) this.#scan(this.#keywords, value)
  }

  #scan(finder: Finder, value: unknown): void {
    if (Array.isArray(value)) {
      for (const one of value) this.#scan(finder, one)
      return
    }
    const text = textOf(value)
    if (text === undefined) return
    this.#newText()
    finder.scan(text, this)
  }

  /** Made once a field, so that an event costs no closure. Never stops at a value: each may lead to other rules. */
  #probeOf(finder: Finder | undefined): LeafTest {
    return (value) => {
      if (finder) this.#scan(finder, value)
      return false
    }
  }

  #newText(): void {
    this.#folded = undefined
    if (++this.#text <= LAST_NUMBER) return
    this.#text = 1
    for (const stamps of [this.#tried, this.#noted]) stamps.fill(0)
  }

  /** Holds a value against the whole pattern, once however often its longest text is in it. */
  #verify(target: number, text: string): void {
    const verified = this.#verified[target]
    if (!verified || this.#tried[target] === this.#text || this.#noted[verified.atom] === this.#text) return
    this.#tried[target] = this.#text
    this.#folded ??= fold(text)
    if (verified.test(this.#folded)) this.#note(verified.atom)
  }

  #note(atom: number): void {
    if (this.#noted[atom] === this.#text) return
    this.#noted[atom] = this.#text
    this.#found[this.#founds++] = atom
    this.#holds(atom)
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
    const answer = this.#answerOf(question, event)
    this.#answers[question] = (this.#number << 1) | Number(answer)
    return answer
  }

  #answerOf(question: number, event: Event): boolean {
    const slot = this.#slots[question]
    const answers = slot?.key.number === this.#number ? slot.key.found?.answers : undefined
    if (!slot || !answers) return this.#isLikely(question) && (this.#questions[question]?.ask(event) ?? false)
    const known = answers[slot.at] ?? 0
    if (known !== 0) return known === 2
    const answer = this.#isLikely(question) && (this.#questions[question]?.ask(event) ?? false)
    answers[slot.at] = answer ? 2 : 1
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
    const finder = finderOf(literals)
    // Whether a key is there is known without looking along its dots.
    const field = finder && name.includes('.') ? compileField(name) : undefined
    const sought = { finder, present, field, probe: this.#probeOf(finder) }
    for (const part of new Set([name, name.split('.')[0] ?? ''])) {
      const key = this.#keys.get(part) ?? { sought: [], memory: undefined, number: 0, found: undefined }
      key.sought = [...key.sought, sought]
      this.#keys.set(part, key)
    }
  }

  /** Gives a memory to every key whose value alone decides, and a place in it to every question that it decides. */
  #remember(questions: readonly Question[]): readonly (Slot | undefined)[] {
    const counts = new Map<Key, number>()
    const slots = questions.map(({ key: name }) => {
      const key = name === undefined ? undefined : this.#keys.get(name)
      if (!key) return undefined
      const at = counts.get(key) ?? 0
      counts.set(key, at + 1)
      return { key, at }
    })
    for (const key of this.#keys.values())
      if (key.sought.every(({ field }) => !field)) key.memory = new ValueMemory(counts.get(key) ?? 0)
    return slots
  }
}

function finderOf(literals: readonly Literal[]): Finder | undefined {
  if (literals.length === 0) return undefined
  const stride = strideOf(literals)
  return stride > 1 ? new LongTexts(literals, stride) : new Automaton(literals)
}

interface Leads {
  readonly begins: Int32Array
  readonly leads: Int32Array
  readonly always: readonly number[]
  /** Atoms that lead to a rule. */
  readonly leading: ReadonlySet<number>
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
  const leading = new Set([...led.keys()].filter((atom) => (begins[atom + 1] ?? 0) > (begins[atom] ?? 0)))
  return { begins, leads: Int32Array.from(led.flat()), always, leading }
}
