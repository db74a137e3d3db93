import { z } from 'zod'
import type { RuleFacts } from '../contract/rules.ts'
import { ConfigError, type Problem } from '../runtime/errors.ts'
import { ConfigDocument } from './config/document.ts'

const Count = z.int().nonnegative()

const File = z.strictObject({
  expectations: z
    .array(
      z.strictObject({
        rule: z.string().min(1),
        at_least: Count.optional(),
        at_most: Count.optional(),
        exactly: Count.optional(),
      }),
    )
    .min(1),
  unexpected: z.enum(['fail', 'warn', 'ignore']).default('warn'),
})

type Expectation = z.infer<typeof File>['expectations'][number]

/** How many findings a rule is to have, both ends included. */
export interface Expected {
  readonly least: number
  readonly most: number
  /** `at least 1`, `exactly 0`, `2 to 5`. */
  readonly text: string
}

export interface Expectations {
  /** By the id of the rule. */
  readonly byRule: ReadonlyMap<string, Expected>
  /** What a finding of a rule without an expectation is. */
  readonly unexpected: 'fail' | 'warn' | 'ignore'
}

export const NO_EXPECTATIONS: Expectations = { byRule: new Map(), unexpected: 'ignore' }

const FORM = 'Write `{rule: ID or end of the file name, at_least | at_most | exactly: NUMBER}`, see docs/packs.md'

/**
 * What a file says that rules are to find: `{expectations: [{rule, at_least | at_most | exactly}…], unexpected: fail | warn |
 * ignore}`. Throws a ConfigError with everything that is wrong: also a rule that is not among `rules`, or not a single one.
 */
export function readExpectations(file: string, rules: readonly RuleFacts[]): Expectations {
  const document = ConfigDocument.read(file)
  const parsed = File.safeParse(document.value)
  if (!parsed.success)
    throw new ConfigError(document.problems(parsed.error).map((problem) => ({ ...problem, cure: FORM })))
  const byRule = new Map<string, Expected>()
  const problems: Problem[] = []
  for (const [at, expectation] of parsed.data.expectations.entries()) {
    const found = resolve(expectation, rules, byRule)
    if ('what' in found) problems.push(document.problem(['expectations', at, ...found.key], found.what, found.cure))
    else byRule.set(found.rule.id, found.expected)
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return { byRule, unexpected: parsed.data.unexpected }
}

interface Fault {
  readonly key: readonly string[]
  readonly what: string
  readonly cure: string
}

function resolve(
  expectation: Expectation,
  rules: readonly RuleFacts[],
  byRule: ReadonlyMap<string, Expected>,
): { readonly rule: RuleFacts; readonly expected: Expected } | Fault {
  const expected = rangeOf(expectation)
  if (!expected) return { key: [], what: 'it says no number of findings that there can be', cure: FORM }
  const named = rules.filter((rule) => isNamed(rule, expectation.rule))
  const [rule] = named
  if (!rule)
    return {
      key: ['rule'],
      what: `there is no rule ${expectation.rule} among the ${rules.length} that were loaded`,
      cure: 'Give its id, or the end of its file name',
    }
  if (named.length > 1) {
    const ids = named.slice(0, 3).map(({ id, file }) => `${id} in ${file}`)
    return {
      key: ['rule'],
      what: `${named.length} rules are called so (${ids.join(', ')})`,
      cure: 'Give the id of one',
    }
  }
  if (byRule.has(rule.id))
    return {
      key: ['rule'],
      what: 'the rule has an expectation already',
      cure: 'Keep one: `at_least` and `at_most` go together',
    }
  return { rule, expected }
}

/** An id, or whole names at the end of the path: `iam.yml` and `aws/iam.yml` name `rules/aws/iam.yml`, `am.yml` does not. */
function isNamed(rule: RuleFacts, name: string): boolean {
  return rule.id === name.toLowerCase() || rule.file === name || rule.file.endsWith(`/${name}`)
}

function rangeOf({ at_least: least, at_most: most, exactly }: Expectation): Expected | undefined {
  if (exactly !== undefined)
    return least === undefined && most === undefined
      ? { least: exactly, most: exactly, text: `exactly ${exactly}` }
      : undefined
  if (least !== undefined && most !== undefined)
    return least <= most ? { least, most, text: `${least} to ${most}` } : undefined
  if (least !== undefined) return { least, most: Infinity, text: `at least ${least}` }
  if (most !== undefined) return { least: 0, most, text: `at most ${most}` }
  return undefined
}
