import type { Problem } from '../runtime/errors.ts'
import { owaspOf } from './coverage.ts'
import type { Condition, Correlation, Detection, Filter, Rule } from './parse/syntax.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

/** A correlation that looks back further than this holds much and says little: 30 days, in ms. */
const LONG_TIMESPAN_MS = 30 * 86_400_000

/** Namespaces of Sigma's tags, with ATLAS and OWASP's lists for attacks on models. */
const NAMESPACES = new Set(['attack', 'atlas', 'car', 'cve', 'd3fend', 'detection', 'owasp', 'stp', 'tlp'])
/** Tactics of ATT&CK Enterprise v19, and `defense-evasion`, which they split in two. Sigma once wrote them with `_`. */
const TACTICS = new Set(
  'reconnaissance resource-development initial-access execution persistence privilege-escalation stealth defense-impairment defense-evasion credential-access discovery lateral-movement collection command-and-control exfiltration impact'.split(
    ' ',
  ),
)

/** What is looked at. */
export interface LintedRules {
  readonly rules: readonly Rule[]
  readonly correlations: readonly Correlation[]
  readonly filters: readonly Filter[]
}

/** What could be better about rules that load: none of it keeps a rule from working. */
export function lintRules({ rules, correlations, filters }: LintedRules): readonly Problem[] {
  const titles = new Map<string, string>()
  const twinNotes = ({ facts }: Rule | Correlation): Note[] => {
    const title = facts.title.toLowerCase()
    const twin = titles.get(title)
    if (twin === undefined) titles.set(title, facts.file)
    return twin === undefined ? [] : [['title', `${twin} has the same title`, 'Say what is different about this one']]
  }
  return [
    ...rules.flatMap((rule) => {
      const own = [...sourceNotes(rule), ...memoryNotes(rule), ...unusedNotes('detection', rule.detection)]
      return problemsOf(rule.facts.file, rule.line, [...commonNotes(rule), ...own, ...twinNotes(rule)])
    }),
    ...correlations.flatMap((one) =>
      problemsOf(one.facts.file, one.line, [...commonNotes(one), ...correlationNotes(one), ...twinNotes(one)]),
    ),
    ...filters.flatMap((filter) => problemsOf(filter.file, filter.line, filterNotes(filter))),
  ]
}

type Note = readonly [part: string, what: string, cure: string]

function problemsOf(file: string, line: number, notes: readonly Note[]): readonly Problem[] {
  return notes.map(([part, what, cure]) => ({ file, line, part, what, cure }))
}

function commonNotes(rule: Rule | Correlation): Note[] {
  return [...identityNotes(rule), ...contentNotes(rule), ...tagNotes(rule), ...testNotes(rule)]
}

function identityNotes({ facts, status, assumed }: Rule | Correlation): Note[] {
  const notes: Note[] = []
  if (assumed.includes('id'))
    notes.push(['id', 'it has none, so its alerts change their identity with its detection', 'Give it a UUID'])
  else if (!UUID.test(facts.id)) notes.push(['id', 'it is no UUID', 'Give it a UUID'])
  if (assumed.includes('level')) notes.push(['level', 'it has none and counts as medium', 'Choose one'])
  if (status === 'deprecated' || status === 'unsupported')
    notes.push(['status', `it is ${status} and still judges`, 'Remove the rule, or change its status'])
  return notes
}

function contentNotes({ facts }: Rule | Correlation): Note[] {
  const notes: Note[] = []
  if (facts.description === '')
    notes.push(['description', 'it has none', 'Say what happened when it fires, and why it matters'])
  if (facts.runbook === '') notes.push(['modelward.runbook', 'it has none', 'Write the first steps for who is paged'])
  if (facts.controls.length === 0)
    notes.push(['modelward.controls', 'it names no control', 'Name the control that it serves'])
  if (facts.falsePositives.length === 0)
    notes.push(['falsepositives', 'it names none', 'Say what harmless thing looks the same'])
  return notes
}

function sourceNotes({ facts }: Rule): Note[] {
  if (Object.keys(facts.logsource).length > 0) return []
  return [['logsource', 'it names nothing, so every event is judged', 'Name category, product or service']]
}

function tagNotes({ facts }: Rule | Correlation): Note[] {
  const notes: Note[] = []
  for (const { id, name } of [...facts.atlas, ...facts.attack])
    if (name === undefined) notes.push(['tags', `${id} is not in our table of techniques`, 'Check the id'])
  for (const tag of facts.tags) {
    const [space = '', ...rest] = tag.toLowerCase().split('.')
    const word = rest.join('.').replaceAll('_', '-')
    if (!NAMESPACES.has(space))
      notes.push(['tags', `${tag}: Sigma has no tags called ${space}`, `Use one of ${[...NAMESPACES].join(', ')}`])
    else if (space === 'attack' && !TACTICS.has(word) && !/^(?:t\d{4}(?:\.\d{3})?|[gs]\d{4}|ds\d{4})$/.test(word))
      notes.push([
        'tags',
        `${tag} is no tactic or technique of ATT&CK`,
        'Write it like attack.t1552.005 or attack.impact',
      ])
    else if (space === 'owasp' && owaspOf(tag).length === 0)
      notes.push(['tags', `${tag} is no entry of an OWASP list`, 'Write it like owasp.llm01.2025 or owasp.ml05.2023'])
    else if (tag !== tag.toLowerCase()) notes.push(['tags', `${tag} is not in lower case`, 'Write it in lower case'])
  }
  return notes
}

function memoryNotes({ memory }: Rule): Note[] {
  if (memory?.kind !== 'first_seen' || memory.learningMs > 0) return []
  const what = 'nothing is learned first, so at the beginning everything is new'
  return [['modelward.first_seen.learning', what, 'Let it learn for some days']]
}

function correlationNotes({ type, rules, groupBy, timespanMs, condition }: Correlation): Note[] {
  const notes: Note[] = []
  if (timespanMs > LONG_TIMESPAN_MS)
    notes.push([
      'correlation.timespan',
      'it looks back more than 30 days',
      'Shorten it, or let a detector learn what is usual',
    ])
  if (groupBy.length === 0)
    notes.push([
      'correlation.group-by',
      'it names nothing, so events of everybody count together',
      'Name what they share',
    ])
  if (type.startsWith('value_') && condition.kind === 'number' && condition.fields.length === 0)
    notes.push([
      'correlation.condition',
      `${type} has no field whose values it looks at`,
      'Name it: field: sourceIPAddress',
    ])
  if (type.startsWith('temporal') && rules.length < 2)
    notes.push(['correlation.rules', 'one rule alone is always near itself', 'Name the other rules, or count events'])
  return notes
}

function filterNotes({ detection }: Filter): Note[] {
  const notes = unusedNotes('filter', detection)
  if (!hasNot(detection.condition)) {
    const what = 'it has no not, so its rules hold only for what it selects'
    notes.push(['filter.condition', what, 'Write not selection to take away what it selects'])
  }
  return notes
}

function hasNot(condition: Condition): boolean {
  if (condition.kind === 'not') return true
  return (condition.kind === 'and' || condition.kind === 'or') && condition.parts.some(hasNot)
}

function testNotes({ tests }: Rule | Correlation): Note[] {
  return [true, false]
    .filter((fires) => !tests.some((test) => test.fires === fires))
    .map((fires): Note => ['tests', fires ? 'no test shows it firing' : 'no test shows it staying quiet', 'Add one'])
}

function unusedNotes(place: string, detection: Detection): Note[] {
  const used = namesIn(detection.condition)
  return [...detection.selections.keys()]
    .filter((name) => !used.has(name))
    .map((name): Note => [`${place}.${name}`, 'the condition does not use it', 'Use it, or remove it'])
}

function namesIn(condition: Condition): ReadonlySet<string> {
  if (condition.kind === 'selection') return new Set([condition.name])
  if (condition.kind === 'of') return new Set(condition.names)
  const parts = condition.kind === 'not' ? [condition.part] : condition.parts
  return new Set(parts.flatMap((part) => [...namesIn(part)]))
}
