import { compileField } from '../compile/field.ts'
import { compileItem, type Ask } from '../compile/item.ts'
import { asKeyword } from '../compile/leaf.ts'
import { fold, patternTest, type TextTest } from '../compile/text.ts'
import { MANY, type Condition, type Item, type Pattern, type Rule, type Selection, type Test } from '../parse/syntax.ts'
import { withAtoms, type Formula } from './formula.ts'
import type { Literal } from './literal.ts'
import { mandatoryText } from './mandatory.ts'

/** A question to the event itself, asked at most once an event. */
export interface Question {
  readonly ask: Ask
  readonly cost: number
  /** Atoms of which one holds whenever the answer is yes; undefined where none is known. */
  readonly witnesses: readonly number[] | undefined
  /** The same for the answer no. */
  readonly witnessesOfNo: readonly number[] | undefined
  /** The key whose value alone decides, where it is a plain one. */
  readonly key: string | undefined
}

/** Found by its longest text, which then must be held against the whole pattern. */
export interface Verified {
  readonly atom: number
  readonly test: TextTest
}

/** What is looked for in one field; in any value anywhere for keywords. */
export interface FieldAtoms {
  readonly name: string
  readonly literals: Literal[]
  /** Holds wherever the field may be there. */
  present: number | undefined
}

/** Weights of a field that is merely there. One of ECS costs every event a look, so all else is better. */
const IS_THERE = 4
const ECS_IS_THERE = 100

/** The distinct lines of many rules as numbered atoms. Equal lines of different rules are one atom. */
export class Atoms {
  readonly fields = new Map<string, FieldAtoms>()
  /** Those of ECS, which the record need not hold by that name: of these nothing is known but whether they may be there. */
  readonly ecs = new Map<string, FieldAtoms>()
  keywords: FieldAtoms = { name: '', literals: [], present: undefined }
  readonly questions: Question[] = []
  /** A literal's target from 0 is its atom; a negative one, `~n`, the nth of these. */
  readonly verified: Verified[] = []
  #count = 0
  readonly #known = new Map<string, Formula>()
  /** By atom: its texts, for guessing how often it holds. */
  readonly #texts: string[][] = []
  readonly #uses = new Map<string, number>()
  /** The atoms of `ecs`. */
  readonly #ecsAtoms = new Set<number>()
  /** What each atom over keywords stands for. */
  readonly #keywordTests = new Map<number, readonly Test[]>()

  get count(): number {
    return this.#count
  }

  formulaOf(rule: Rule): Formula {
    const { condition, selections } = rule.detection
    const named = (name: string): Formula => {
      const selection = selections.get(name)
      if (!selection) throw new Error(`the condition was read without its selection ${name}`)
      return this.#ofSelection(selection)
    }
    const of = (part: Condition): Formula => {
      if (part.kind === 'selection') return named(part.name)
      if (part.kind === 'not') return { kind: 'not', part: of(part.part) }
      if (part.kind === 'of') return { kind: part.quantifier === 'all' ? 'and' : 'or', parts: part.names.map(named) }
      return { kind: part.kind, parts: part.parts.map(of) }
    }
    return of(condition)
  }

  /** Atoms of which one holds whenever this atom holds, or whenever it does not. */
  readonly witnessesOf = (atom: number, isHeld: boolean): readonly number[] | undefined => {
    if (atom >= 0) return isHeld ? [atom] : undefined
    const question = this.questions[~atom]
    return isHeld ? question?.witnesses : question?.witnessesOfNo
  }

  /** What asking the atom costs, roughly; nothing where looking through the values has found it. */
  readonly costOf = (atom: number): number => (atom >= 0 ? 0 : (this.questions[~atom]?.cost ?? 0))

  /** How often the atom may hold, roughly: what is short, and what many rules look for, is met often. */
  readonly weigh = (atom: number): number => {
    const texts = this.#texts[atom] ?? []
    if (texts.length === 0) return this.#ecsAtoms.has(atom) ? ECS_IS_THERE : IS_THERE
    return texts.reduce((sum, key) => sum + (this.#uses.get(key) ?? 1) * 2 ** (-Math.min(lengthOf(key), 16) / 3), 0)
  }

  /**
   * Gives up looking for what leads to no rule where that costs every event something. Keywords are asked where it comes to
   * them: most are the shorter parts of lists of which all must be there. Fields of ECS are no witnesses then. Returns the
   * formulas that say so; `leading`: atoms that lead to a rule.
   */
  settle(formulas: readonly Formula[], leading: ReadonlySet<number>): readonly Formula[] {
    for (const [name, { present = -1 }] of this.ecs) if (!leading.has(present)) this.#forgetEcs(name, present)
    const sought = new Set([...leading, ...this.questions.flatMap(({ witnesses }) => witnesses ?? [])])
    const asked = new Map<number, number>()
    for (const [atom, tests] of this.#keywordTests)
      if (!sought.has(atom)) asked.set(atom, this.#question(undefined, tests, false))
    const isSought = ({ target }: Literal): boolean =>
      !asked.has(target >= 0 ? target : (this.verified[~target]?.atom ?? 0))
    this.keywords = { ...this.keywords, literals: this.keywords.literals.filter(isSought) }
    return formulas.map((formula) => withAtoms(formula, (atom) => asked.get(atom) ?? atom))
  }

  #forgetEcs(name: string, present: number): void {
    this.ecs.delete(name)
    for (const [at, question] of this.questions.entries())
      if (question.witnesses?.includes(present)) this.questions[at] = { ...question, witnesses: undefined }
  }

  #ofSelection(selection: Selection): Formula {
    if (selection.kind === 'item') return this.#ofItem(selection.item)
    return {
      kind: selection.kind === 'all' ? 'and' : 'or',
      parts: selection.parts.map((part) => this.#ofSelection(part)),
    }
  }

  #ofItem(item: Item): Formula {
    const groups = item.linking === 'all' ? item.groups : [item.groups.flat()]
    const parts = groups.map((tests) => this.#ofTests(item.field, tests))
    const [only] = parts
    const formula: Formula = only && parts.length === 1 ? only : { kind: 'and', parts }
    return item.negated ? { kind: 'not', part: formula } : formula
  }

  /** Whether any of the tests passes for any value. */
  #ofTests(field: string | undefined, written: readonly Test[]): Formula {
    const tests = field === undefined ? written.filter(isOnValue).map(asKeyword) : written
    const key = `${field ?? ''}\0${field === undefined}\0${tests.map(keyOf).toSorted().join('\0')}`
    const known = this.#known.get(key)
    for (const test of tests) this.#use(field, test)
    if (known) return known
    const isOwn = field === undefined || !compileField(field).isEcs
    const patterns = tests.map((test) => (isOwn ? foldedPattern(test) : undefined))
    const looked = tests.filter((_, at) => patterns[at] !== undefined)
    const others = tests.filter((_, at) => patterns[at] === undefined)
    const parts: Formula[] = []
    if (looked.length > 0) {
      const atom = this.#add(
        field,
        patterns.filter((pattern) => pattern !== undefined),
      )
      if (field === undefined) this.#keywordTests.set(atom, looked)
      parts.push({ kind: 'atom', atom })
    }
    if (others.length > 0) parts.push({ kind: 'atom', atom: this.#question(field, others, isOwn) })
    const [only] = parts
    const formula: Formula = only && parts.length === 1 ? only : { kind: 'or', parts }
    this.#known.set(key, formula)
    return formula
  }

  #use(field: string | undefined, test: Test): void {
    const pattern = foldedPattern(test)
    if (!pattern) return
    const key = textKey(field, longestOf(pattern))
    this.#uses.set(key, (this.#uses.get(key) ?? 0) + 1)
  }

  /** A new atom that holds when a value passes any of the patterns. */
  #add(field: string | undefined, patterns: readonly Pattern[]): number {
    const atom = this.#count++
    const { literals } = this.#fieldOf(field)
    const texts: string[] = []
    for (const pattern of patterns) {
      const longest = longestOf(pattern)
      texts.push(textKey(field, longest))
      const isWhole = pattern.filter((part) => part !== MANY).length === 1
      literals.push({ ...longest, target: isWhole ? atom : ~this.verified.length })
      if (!isWhole) this.verified.push({ atom, test: patternTest(pattern, true) })
    }
    this.#texts[atom] = texts
    return atom
  }

  #question(field: string | undefined, tests: readonly Test[], isOwn: boolean): number {
    const { ask, cost } = compileItem({ field, written: '', linking: 'any', negated: false, groups: [tests] })
    const witnesses = tests.map((test) => this.#witnessOf(field, test, isOwn))
    const known = witnesses.filter((witness) => witness !== undefined)
    const isYesIfMissing = tests.some((test) => test.kind === 'null' || (test.kind === 'exists' && !test.present))
    this.questions.push({
      ask,
      cost,
      witnesses: known.length === witnesses.length ? known : undefined,
      witnessesOfNo: field !== undefined && isOwn && isYesIfMissing ? [this.#present(field)] : undefined,
      key: isOwn && tests.every(isOnValue) && field?.includes('.') === false ? field : undefined,
    })
    return ~(this.questions.length - 1)
  }

  #witnessOf(field: string | undefined, test: Test, isOwn: boolean): number | undefined {
    const text = isOwn ? mandatoryOf(test) : undefined
    if (text !== undefined) {
      const found = this.#ofTests(field, [{ kind: 'text', pattern: [MANY, text, MANY], cased: false }])
      return found.kind === 'atom' ? found.atom : undefined
    }
    if (field === undefined || test.kind === 'null' || (test.kind === 'exists' && !test.present)) return undefined
    return isOwn ? this.#present(field) : this.#presentEcs(field)
  }

  /** The atom that holds wherever the field may be there. */
  #present(field: string): number {
    return (this.#fieldOf(field).present ??= this.#count++)
  }

  #presentEcs(name: string): number {
    const known = this.ecs.get(name)?.present
    if (known !== undefined) return known
    const present = this.#count++
    this.#ecsAtoms.add(present)
    this.ecs.set(name, { name, literals: [], present })
    return present
  }

  #fieldOf(name: string | undefined): FieldAtoms {
    if (name === undefined) return this.keywords
    const found = this.fields.get(name) ?? { name, literals: [], present: undefined }
    this.fields.set(name, found)
    return found
  }
}

function isOnValue(test: Test): test is Exclude<Test, { kind: 'exists' | 'null' | 'field' }> {
  return test.kind !== 'exists' && test.kind !== 'null' && test.kind !== 'field'
}

/** The pattern of a test that is a folded text; undefined for others and where a pattern holds no text to look for. */
function foldedPattern(test: Test): Pattern | undefined {
  // In exponents and in Infinity, letter case counts.
  if (test.kind === 'number') return /^-?[\d.]+$/.test(String(test.value)) ? [String(test.value)] : undefined
  if (test.kind === 'boolean') return [String(test.value)]
  if (test.kind !== 'text' || test.cased) return undefined
  if (test.pattern.length === 0) return ['']
  return test.pattern.some((part) => typeof part === 'string')
    ? test.pattern.map((part) => (typeof part === 'string' ? fold(part) : part))
    : undefined
}

type Longest = Omit<Literal, 'target'>

/** The longest text of a pattern, and whether it stands at an end of the value. */
function longestOf(pattern: Pattern): Longest {
  let best: Longest = { text: '', start: false, end: false }
  for (const [at, part] of pattern.entries())
    if (typeof part === 'string' && (part.length > best.text.length || pattern.length === 1))
      best = { text: part, start: at === 0, end: at === pattern.length - 1 }
  return best
}

function textKey(field: string | undefined, { text, start, end }: Longest): string {
  return `${start ? '^' : ''}${text}${end ? '$' : ''}\0${field ?? ''}`
}

function lengthOf(key: string): number {
  return key.indexOf('\0')
}

/** A small-letter text that every value which passes must hold. */
function mandatoryOf(test: Test): string | undefined {
  if (test.kind === 'regex') return mandatoryText(test.source, test.flags)
  if (test.kind !== 'text') return undefined
  const { text } = longestOf(test.pattern)
  return /^[ -~]{3,}$/.test(text) ? text.toLowerCase() : undefined
}

function keyOf(test: Test): string {
  return JSON.stringify(test, (_, value: unknown) => {
    if (typeof value === 'symbol') return value === MANY ? [0] : [1]
    return value instanceof Uint8Array ? [...value] : value
  })
}
