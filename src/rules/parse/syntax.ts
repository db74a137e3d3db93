import type { RuleFacts } from '../../contract/rules.ts'
import type { Problem } from '../../runtime/errors.ts'

/** What rule files hold, and what is wrong in them; a document with a problem is in none of the lists. */
export interface Documents {
  readonly rules: readonly Rule[]
  readonly correlations: readonly Correlation[]
  readonly filters: readonly Filter[]
  readonly problems: readonly Problem[]
}

/** A rule on single events as it was read: checked, its modifiers worked into tests, not yet compiled. */
export interface Rule {
  readonly facts: RuleFacts
  /** A word by which correlations and filters may refer to it, beside its id. */
  readonly name?: string
  readonly status?: string
  readonly detection: Detection
  /** What must be added to a match before the rule holds. */
  readonly memory?: FirstSeen | Absence
  readonly tests: readonly RuleTest[]
  /** The line of the file on which the rule's document begins. */
  readonly line: number
  /** Fields that were missing and got a default: what a linter should say of them. */
  readonly assumed: readonly string[]
}

/** The rule holds only for values that were not seen together before: `modelward.first_seen`. */
export interface FirstSeen {
  readonly kind: 'first_seen'
  /** `principal`, or dotted fields. */
  readonly fields: readonly string[]
  /** Event time, in ms, after the first event that the rule saw: for so long it only learns. */
  readonly learningMs: number
  /** Event time, in ms, after which values are new again. */
  readonly rememberMs: number
}

/** The rule holds when what its detection selects has not come for a while: `modelward.absence`. */
export interface Absence {
  readonly kind: 'absence'
  readonly timespanMs: number
  /** `principal`, or dotted fields; empty for one heartbeat in all. */
  readonly groupBy: readonly string[]
}

/** A test that lives in its rule: one event, or several with their times. */
export interface RuleTest {
  readonly name: string
  readonly fires: boolean
  readonly steps: readonly TestStep[]
  /** The clock goes on to here before the test ends, in ms after its begin: for what is found missing. */
  readonly untilMs?: number
}

/** One event of a test. */
export interface TestStep {
  /** In ms after the test's begin. */
  readonly atMs: number
  /** With a format, `event` is a raw record for that normaliser; without, it is the event's own fields. */
  readonly format?: string
  readonly event: Readonly<Record<string, unknown>>
  readonly ecs?: Readonly<Record<string, string | number | boolean>>
  readonly principal?: string
  /** Of an event without a format; default: that of the rule, or of the rules that feed the correlation. */
  readonly logsource?: RuleFacts['logsource']
}

/** A rule over several events: Sigma's correlation. */
export interface Correlation {
  readonly facts: RuleFacts
  readonly name?: string
  readonly status?: string
  readonly type: CorrelationType
  /** Ids or names of the rules that feed it, correlations included, as written. */
  readonly rules: readonly string[]
  /** Of each of these where the document lists it first, from 0. */
  readonly listedAt: readonly number[]
  /** Fields or aliases whose values must agree; none: all events are one group. */
  readonly groupBy: readonly string[]
  readonly timespanMs: number
  readonly condition: CorrelationCondition
  /** Alias -> rule (id or name, as written) -> the field that it stands for there. */
  readonly aliases: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** The rules that feed it also alert by themselves. */
  readonly generate: boolean
  readonly tests: readonly RuleTest[]
  readonly line: number
  readonly lineOf: Origin['lineOf']
  readonly assumed: readonly string[]
}

export type CorrelationType =
  | 'event_count'
  | 'value_count'
  | 'temporal'
  | 'temporal_ordered'
  | 'value_sum'
  | 'value_avg'
  | 'value_percentile'
  | 'value_median'

/** `written` is for people: `gte 10`. */
export type CorrelationCondition =
  | {
      readonly kind: 'number'
      readonly written: string
      /** All must hold. */
      readonly bounds: readonly { readonly operator: Comparison | 'eq' | 'neq'; readonly value: number }[]
      /** Whose values are counted or reckoned with: for the value types. */
      readonly fields: readonly string[]
      /** 0 to 100. */
      readonly percentile: number
    }
  /** For the temporal types: which rules must have been seen; its selections are called as `rules` calls the rules. */
  | { readonly kind: 'rules'; readonly written: string; readonly expression: Condition }

/** An exception to rules: they hold only where its condition holds too. */
export interface Filter extends Origin {
  readonly title: string
  /** Rules of which it may be one; a part that it leaves out may be anything. */
  readonly logsource: RuleFacts['logsource']
  /** Ids or names of rules as written, or every rule that fits the log source. */
  readonly rules: readonly string[] | 'any'
  readonly detection: Detection
  /** sha256 over what it takes away, hex. */
  readonly digest: string
}

export interface Detection {
  readonly selections: ReadonlyMap<string, Selection>
  readonly condition: Condition
}

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition }
  | { readonly kind: 'selection'; readonly name: string }
  | {
      readonly kind: 'of'
      readonly quantifier: 'any' | 'all'
      readonly written: string
      readonly names: readonly string[]
    }

/** A map is `all` of its items, a list is `any` of its entries. */
export type Selection =
  | { readonly kind: 'all' | 'any'; readonly parts: readonly Selection[] }
  | { readonly kind: 'item'; readonly item: Item }

/** One line of a selection: `field|modifiers: values`. */
export interface Item {
  /** Dotted, without spaces; undefined for keywords, which look at every value of the event. */
  readonly field: string | undefined
  /** As written, for people: `eventName|contains`. */
  readonly written: string
  /** How the groups are joined; within a group one test is enough (a value's base64 offsets, its dashes). */
  readonly linking: 'any' | 'all'
  readonly negated: boolean
  readonly groups: readonly (readonly Test[])[]
  /** What the groups are made from once there are lists for its placeholders; without placeholders there is none. */
  readonly pending?: Pending
}

/** A line as written: its place in the document, its modifiers in order, its values. */
export interface Pending {
  readonly file: string
  readonly path: Path
  readonly line: number
  readonly modifiers: readonly string[]
  readonly values: readonly unknown[]
  readonly isList: boolean
}

/** What one value of a field is held against. */
export type Test =
  | { readonly kind: 'text'; readonly pattern: Pattern; readonly cased: boolean }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'exists'; readonly present: boolean }
  | { readonly kind: 'regex'; readonly source: string; readonly flags: string }
  | { readonly kind: 'network'; readonly network: Network }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly value: number }
  | { readonly kind: 'time'; readonly part: TimePart; readonly operator: Comparison | 'eq'; readonly value: number }
  | { readonly kind: 'field'; readonly field: string; readonly place: Place; readonly cased: boolean }

export type Comparison = 'lt' | 'lte' | 'gt' | 'gte'
/** A number taken from a date, in UTC; `week` is that of ISO 8601. */
export type TimePart = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year'
export type Place = 'whole' | 'start' | 'end' | 'inside'

/** Literal text and wildcards in turn. */
export type Pattern = readonly PatternPart[]
export type PatternPart = string | typeof MANY | typeof ONE | Placeholder
/** `%name%` after `expand`: resolved before a rule is compiled, or the rule is refused. */
export interface Placeholder {
  readonly placeholder: string
}
/** `*`: any number of characters, none included, line ends included. */
export const MANY: unique symbol = Symbol('*')
/** `?`: exactly one character. */
export const ONE: unique symbol = Symbol('?')

/** An IP network: the address' bytes (4 or 16) and how many leading bits count. */
export interface Network {
  readonly bytes: Uint8Array
  readonly bits: number
}

/** Where in a document something stands: `['detection', 'selection', 0, 'eventName|contains']`. */
export type Path = readonly (string | number)[]

/** Says what is wrong with a part of a document and how to cure it. What is found wrong later is said with its `Origin`. */
export interface Report extends Origin {
  (path: Path, what: string, cure: string): void
}

/** Where a document stands. */
export interface Origin {
  /** Its path, for people. */
  readonly file: string
  /** The line on which it begins. */
  readonly line: number
  /** The line of the deepest part of `path` that there is. Looking for it reads the text again. */
  readonly lineOf: (path: Path) => number
}

/** What is wrong with a part, and how to cure it. */
export interface Fault {
  readonly what: string
  readonly cure: string
}
