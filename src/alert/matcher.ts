import { z } from 'zod'
import type { Matcher } from '../contract/alert.ts'
import type { Level } from '../contract/rules.ts'
import { principalsOf, type Naming } from '../runtime/alert-principals.ts'

/** What matchers look at. */
export interface Labelled extends Naming {
  readonly rule: { readonly id: string; readonly controls: readonly string[] }
  readonly level: Level
  readonly labels: Readonly<Record<string, string>>
}

/** True when every matcher holds. A label that is not there has the empty value, as in Alertmanager. */
export function matchesAll(alert: Labelled, matchers: readonly Matcher[]): boolean {
  return matchers.every((matcher) => matches(alert, matcher))
}

function matches(alert: Labelled, { name, value, equal }: Matcher): boolean {
  if (name === 'control' && value !== '') return alert.rule.controls.includes(value) === equal
  if (name === 'principal' && value !== '') return isAbout(principalsOf(alert), value, equal)
  return (labelOf(alert, name) === value) === equal
}

/** The value of `rule`, `principal`, `level`, `control` (several joined by commas) or a group-by label; else empty. */
export function labelOf(alert: Labelled, name: string): string {
  if (name === 'rule') return alert.rule.id
  if (name === 'principal') return principalsOf(alert).join(',')
  if (name === 'level') return alert.level
  if (name === 'control') return alert.rule.controls.join(',')
  return Object.hasOwn(alert.labels, name) ? (alert.labels[name] ?? '') : ''
}

/** `=` holds when it is about nobody else, `!=` when it is about others alone: who mutes one hides nothing about another. */
function isAbout(principals: readonly string[], value: string, equal: boolean): boolean {
  if (!equal) return !principals.includes(value)
  return principals.length > 0 && principals.every((principal) => principal === value)
}

/** At least one matcher asks for something to be there; without it, most of all alerts would match. */
export function isSelective(matchers: readonly Matcher[]): boolean {
  return matchers.some(({ value, equal }) => (value !== '') === equal)
}

const WRITTEN = /^\s*([^\s=!~]+)\s*(!?=)\s*(?:"([^"]*)"|((?![=~])[^"]*?))\s*$/

/** A matcher as Alertmanager writes it: `level = critical`, `principal != "key:ab12"`. Patterns (`=~`) are not taken. */
export const WrittenMatcher = z
  .string()
  .regex(WRITTEN, 'a matcher is written name = value or name != value; patterns (=~, !~) are not supported')
  .transform((text): Matcher => {
    const [, name = '', sign, quoted, bare = ''] = WRITTEN.exec(text) ?? []
    return { name, value: quoted ?? bare, equal: sign === '=' }
  })
