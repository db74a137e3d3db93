import { z } from 'zod'
import { parseCondition } from '../parse/condition.ts'
import type { Condition, Path, Report } from '../parse/syntax.ts'
import type { Kind } from './step.ts'

/** The conditions of a step for rules, items or fields, joined: true when they hold, or when there are none. */
export type Group<T> = (holds: (check: T) => boolean) => boolean

const Conditions = z.union([
  z.array(z.record(z.string(), z.unknown())),
  z.record(z.string(), z.record(z.string(), z.unknown())),
])

/**
 * Reads `<of>_conditions`, a list or a map, with `<of>_cond_op` (`and`, `or`), `<of>_cond_not`, or with a map instead of the
 * operator `<of>_cond_expr`, an expression on its names. Undefined when something was reported.
 */
export function readGroup<T>(
  of: string,
  kinds: ReadonlyMap<string, Kind<T>>,
  step: Readonly<Record<string, unknown>>,
  path: Path,
  report: Report,
): Group<T> | undefined {
  const [key, opKey, notKey, exprKey] = [`${of}_conditions`, `${of}_cond_op`, `${of}_cond_not`, `${of}_cond_expr`]
  const written = Conditions.safeParse(step[key] ?? [])
  if (!written.success) {
    report([...path, key], 'it is no list of conditions', 'Write a list, or a map of names and conditions')
    return undefined
  }
  const checks = readChecks(kinds, written.data, [...path, key], report)
  const [op, negated, expr] = [step[opKey] ?? undefined, step[notKey] ?? false, step[exprKey] ?? undefined]
  if (op !== undefined && op !== 'and' && op !== 'or') {
    report([...path, opKey], 'it is neither and nor or', 'Write and, or or')
    return undefined
  }
  if (typeof negated !== 'boolean') {
    report([...path, notKey], 'it is neither true nor false', 'Write true or false')
    return undefined
  }
  if (!checks) return undefined
  const at = { path: [...path, exprKey], report }
  const joined =
    expr === undefined
      ? listed([...checks.values()], op ?? 'and')
      : expressed(expr, checks, op !== undefined || Array.isArray(written.data), at)
  if (!joined) return undefined
  return checks.size === 0 ? () => true : (holds) => joined(holds) !== negated
}

function readChecks<T>(
  kinds: ReadonlyMap<string, Kind<T>>,
  written: z.infer<typeof Conditions>,
  path: Path,
  report: Report,
): ReadonlyMap<string, T> | undefined {
  const checks = new Map<string, T>()
  const entries = Object.entries(written)
  for (const [name, { type, ...parameters }] of entries) {
    const place = [...path, Array.isArray(written) ? Number(name) : name]
    const kind = typeof type === 'string' ? kinds.get(type) : undefined
    const what = type === undefined ? 'the condition has no type' : `there is no condition ${JSON.stringify(type)} here`
    if (!kind)
      report(type === undefined ? place : [...place, 'type'], what, `Use one of ${[...kinds.keys()].join(', ')}`)
    const check = kind?.(parameters, place, report)
    if (check !== undefined) checks.set(name, check)
  }
  return checks.size === entries.length ? checks : undefined
}

function listed<T>(checks: readonly T[], op: 'and' | 'or'): Group<T> {
  return (holds) => (op === 'and' ? checks.every(holds) : checks.some(holds))
}

function expressed<T>(
  expr: unknown,
  checks: ReadonlyMap<string, T>,
  isUnfit: boolean,
  { path, report }: { path: Path; report: Report },
): Group<T> | undefined {
  if (typeof expr !== 'string' || isUnfit) {
    report(
      path,
      'an expression needs a map of conditions, and no operator beside it',
      'Name the conditions, remove the operator',
    )
    return undefined
  }
  const condition = parseCondition(expr, [...checks.keys()])
  if ('what' in condition) {
    report(path, `in "${expr}" ${condition.what}`, condition.cure)
    return undefined
  }
  const named = namesIn(condition)
  const unused = [...checks.keys()].filter((name) => !named.has(name))
  if (unused.length > 0) {
    report(path, `it does not name ${unused.join(', ')}`, 'Name every condition, or remove it')
    return undefined
  }
  return (holds) =>
    evaluate(condition, (name) => {
      const check = checks.get(name)
      return check !== undefined && holds(check)
    })
}

function namesIn(condition: Condition): ReadonlySet<string> {
  if (condition.kind === 'selection') return new Set([condition.name])
  if (condition.kind === 'of') return new Set(condition.names)
  const parts = condition.kind === 'not' ? [condition.part] : condition.parts
  return new Set(parts.flatMap((part) => [...namesIn(part)]))
}

function evaluate(condition: Condition, holds: (name: string) => boolean): boolean {
  if (condition.kind === 'selection') return holds(condition.name)
  if (condition.kind === 'not') return !evaluate(condition.part, holds)
  if (condition.kind === 'of')
    return condition.quantifier === 'all' ? condition.names.every(holds) : condition.names.some(holds)
  return condition.kind === 'and'
    ? condition.parts.every((part) => evaluate(part, holds))
    : condition.parts.some((part) => evaluate(part, holds))
}
