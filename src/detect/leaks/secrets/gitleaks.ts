import { RE2JS } from 're2js'
import { parse } from 'smol-toml'
import { z } from 'zod'
import { ConfigError, reasonOf, type Problem } from '../../../runtime/errors.ts'
import type { Allowlist, SecretRule } from './rule.ts'

/** Matches of a pack's rules must lie within so many characters of a keyword; gitleaks itself has no such bound. */
const PACK_REACH = 4_096
const CURE = 'See the format of gitleaks 8 (gitleaks.toml)'

const texts = z.array(z.string()).default([])
const AllowlistShape = z.strictObject({
  description: z.string().optional(),
  condition: z.enum(['AND', '&&', 'and', 'OR', '||', 'or']).default('OR'),
  regexTarget: z.enum(['secret', 'match', 'line', '']).default('secret'),
  regexes: texts,
  stopwords: texts,
  paths: texts,
  /** Only on global lists: the rules it is meant for. */
  targetRules: texts,
  commits: texts,
})
const RuleShape = z.strictObject({
  id: z.string().min(1),
  description: z.string().optional(),
  regex: z.string().optional(),
  secretGroup: z.int().min(0).optional(),
  entropy: z.number().min(0).optional(),
  keywords: texts,
  path: z.string().optional(),
  tags: texts,
  allowlist: AllowlistShape.optional(),
  allowlists: z.array(AllowlistShape).default([]),
  skipReport: z.literal(false).optional(),
})
const PackShape = z.strictObject({
  title: z.string().optional(),
  description: z.string().optional(),
  minVersion: z.string().optional(),
  rules: z.array(RuleShape).default([]),
  allowlist: AllowlistShape.optional(),
  allowlists: z.array(AllowlistShape).default([]),
})

/** Patterns, and what is no secret for any of them. */
export interface SecretPack {
  readonly rules: readonly SecretRule[]
  readonly allowlists: readonly Allowlist[]
}

/**
 * Reads a pack in gitleaks' TOML format: `rules` (id, regex, secretGroup, entropy, keywords, path, allowlists) and global
 * `allowlists`. What cannot be honoured is an error, not passed over: `extend`, rules that need others (`required`), rules
 * that are not reported. Allowlisted commits mean nothing here. Throws a ConfigError.
 */
export function readGitleaks(text: string, file: string): SecretPack {
  const document = parsed(text, file)
  if ('extend' in document)
    throw refused(
      file,
      'extend',
      'another pack would be loaded from elsewhere',
      'Name both packs in the config instead',
    )
  const shape = PackShape.safeParse(document)
  if (!shape.success)
    throw new ConfigError(
      shape.error.issues.map((issue) => ({ file, part: issue.path.join('.'), what: issue.message, cure: CURE })),
    )
  const pack = shape.data
  const everywhere = [...(pack.allowlist ? [pack.allowlist] : []), ...pack.allowlists]
  const rules = pack.rules.map((rule): SecretRule => {
    const own = [...(rule.allowlist ? [rule.allowlist] : []), ...rule.allowlists]
    const meant = everywhere.filter((list) => list.targetRules.includes(rule.id))
    return {
      id: rule.id,
      keywords: rule.keywords,
      allowlists: [...own, ...meant].map(allowlistOf),
      reach: [PACK_REACH, PACK_REACH],
      ...(rule.regex === undefined ? {} : { regex: rule.regex }),
      ...(rule.secretGroup === undefined ? {} : { secretGroup: rule.secretGroup }),
      ...(rule.entropy === undefined || rule.entropy === 0 ? {} : { entropy: rule.entropy }),
      ...(rule.path === undefined ? {} : { path: rule.path }),
    }
  })
  const problems = problemsOf(rules, file)
  if (problems.length > 0) throw new ConfigError(problems)
  return { rules, allowlists: everywhere.filter((list) => list.targetRules.length === 0).map(allowlistOf) }
}

function parsed(text: string, file: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (error) {
    throw refused(file, 'TOML', reasonOf(error).split('\n')[0] ?? '', CURE)
  }
}

function allowlistOf(list: z.infer<typeof AllowlistShape>): Allowlist {
  return {
    condition: /^(?:and|&&)$/i.test(list.condition) ? 'all' : 'any',
    regexTarget: list.regexTarget === '' ? 'secret' : list.regexTarget,
    regexes: list.regexes,
    stopwords: list.stopwords,
    paths: list.paths,
  }
}

function problemsOf(rules: readonly SecretRule[], file: string): Problem[] {
  const problems: Problem[] = []
  const seen = new Set<string>()
  for (const rule of rules) {
    const part = `rule ${rule.id}`
    if (seen.has(rule.id)) problems.push({ file, part, what: 'there are two of that id', cure: 'Rename one' })
    seen.add(rule.id)
    if (rule.regex === undefined && rule.path === undefined)
      problems.push({ file, part, what: 'it has neither regex nor path', cure: 'Give it one' })
    const allowed = rule.allowlists.flatMap((list) => [...list.regexes, ...list.paths])
    for (const regex of [rule.regex, rule.path, ...allowed]) {
      const why = regex === undefined ? undefined : whyNoRegex(regex)
      if (why !== undefined) problems.push({ file, part, what: why, cure: 'Write it in RE2 syntax' })
    }
  }
  return problems
}

function whyNoRegex(regex: string): string | undefined {
  try {
    RE2JS.compile(regex)
    return undefined
  } catch (error) {
    return reasonOf(error)
  }
}

function refused(file: string, part: string, what: string, cure: string): ConfigError {
  return new ConfigError([{ file, part, what, cure }])
}
