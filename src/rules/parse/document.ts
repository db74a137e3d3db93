import { z } from 'zod'
import { durationWithin } from '../../runtime/duration.ts'
import { AbsenceDocument, FieldName, FirstSeenDocument } from './memory-document.ts'
import type { Fault, Path, Report } from './syntax.ts'
import { TestDocument } from './test-document.ts'

const Level = z.enum(['informational', 'low', 'medium', 'high', 'critical'])
const Status = z.enum(['stable', 'test', 'experimental', 'deprecated', 'unsupported'])
/** `DP-2`: the id of a control of the mission. */
const Control = z.string().regex(/^[A-Z]{2}-\d{1,2}$/, 'is not the id of a control, which looks like DP-2')
const PlaybookKey = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'is not the key of a playbook, which looks like contain-key')
/** Tactics have one word after the dot, or more joined by `-`. */
const Tag = z.string().regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9._-]+$/, 'is not a tag, which looks like attack.t1552.005')

/** What modelward adds to a Sigma rule: nothing else may stand under the key. */
const Modelward = z
  .strictObject({
    controls: z.array(Control).optional().describe('Ids of the controls that the rule serves: DP-2'),
    runbook: z.string().trim().min(1).optional().describe('The first steps for who is paged'),
    group_by: z
      .array(FieldName)
      .min(1)
      .optional()
      .describe(
        'What one alert is about: events that agree on all of these are one alert. Default: principal; of an absence with groups, `group`',
      ),
    playbook: PlaybookKey.optional().describe('The key of the playbook that is planned when the rule fires'),
    resolve_after: durationWithin('1s', '30d')
      .optional()
      .describe('An alert ends when no finding came for this long; for rules on what is looked at seldom'),
    first_seen: FirstSeenDocument.optional(),
    absence: AbsenceDocument.optional(),
  })
  .superRefine((extension, context) => {
    if (extension.first_seen === undefined || extension.absence === undefined) return
    const params = { cure: 'Keep one of the two, or write two rules' }
    context.addIssue({ code: 'custom', path: ['absence'], message: 'it stands beside first_seen', params })
  })

const Logsource = z.looseObject({
  category: z.string().min(1).optional(),
  product: z.string().min(1).optional(),
  service: z.string().min(1).optional(),
})

const Texts = z
  .union([z.array(z.string()), z.string()])
  .transform((value) => (typeof value === 'string' ? [value] : value))

/** A Sigma 2.1 rule but for its detection, which has a grammar of its own. Other top-level keys are allowed, as the specification says. */
export const RuleDocument = z.looseObject({
  title: z.string().trim().min(1).max(256),
  id: z.string().trim().min(1).optional(),
  name: z.string().trim().min(1).optional(),
  status: Status.optional(),
  description: z.string().max(65_535).optional(),
  license: z.string().optional(),
  author: z.string().optional(),
  references: Texts.optional(),
  level: Level.optional(),
  tags: z.array(Tag).optional(),
  falsepositives: Texts.optional(),
  logsource: Logsource,
  taxonomy: z.literal('sigma').optional(),
  modelward: Modelward.optional(),
  tests: z.array(TestDocument).optional().describe('Tests of the rule: one that fires and one that stays quiet'),
})
export type RuleDocument = z.infer<typeof RuleDocument>

/** Checks everything of a rule document but its detection; every fault is reported with its path. */
export function parseDocument(value: unknown, report: Report): RuleDocument | undefined {
  const parsed = RuleDocument.safeParse(value)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) {
    const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))
    const fault = faultOf(issue, at(value, path))
    const [unknownKey] = issue.code === 'unrecognized_keys' ? issue.keys : []
    report(unknownKey === undefined ? path : [...path, unknownKey], fault.what, fault.cure)
  }
  return undefined
}

function faultOf(issue: z.core.$ZodIssue, value: unknown): Fault {
  switch (issue.code) {
    case 'unrecognized_keys':
      return { what: `unknown key ${issue.keys.join(', ')}`, cure: 'Remove it, or correct its spelling' }
    case 'invalid_type':
      return value === undefined
        ? { what: 'it is missing', cure: `Write it: ${kindOf(issue.expected)}` }
        : { what: `${shown(value)} stands here`, cure: `Write ${kindOf(issue.expected)}` }
    case 'invalid_value':
      return { what: `${shown(value)} is not allowed`, cure: `Use ${issue.values.map(String).join(', ')}` }
    case 'invalid_format':
      return { what: `${shown(value)} ${issue.message}`, cure: 'Correct it' }
    case 'too_small':
      return { what: 'it is empty', cure: 'Fill it, or remove the key' }
    case 'too_big':
      return { what: 'it is too long', cure: `Keep it within ${issue.maximum} characters` }
    case 'invalid_union':
      return { what: `${shown(value)} stands here`, cure: 'Write text, or a list of texts' }
    case 'custom':
      return { what: issue.message, cure: String(issue.params?.['cure'] ?? 'Correct it') }
    default:
      return { what: issue.message, cure: 'Correct it' }
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys and values',
  record: 'a map of keys and values',
}

function kindOf(expected: string): string {
  return KINDS[expected] ?? expected
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

function at(value: unknown, path: Path): unknown {
  let found = value
  for (const step of path) found = typeof found === 'object' && found !== null ? Reflect.get(found, step) : undefined
  return found
}
