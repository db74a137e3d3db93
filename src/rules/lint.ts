import type { Problem } from '../runtime/errors.ts'
import type { Condition, Rule } from './parse/syntax.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

/** What could be better about rules that load: none of it keeps a rule from working. */
export function lintRules(rules: readonly Rule[]): readonly Problem[] {
  const titles = new Map<string, Rule>()
  return rules.flatMap((rule) => {
    const twin = titles.get(rule.facts.title.toLowerCase())
    if (!twin) titles.set(rule.facts.title.toLowerCase(), rule)
    const notes = [...identityNotes(rule), ...contentNotes(rule), ...testNotes(rule), ...unusedNotes(rule)]
    if (twin) notes.push(['title', `${twin.facts.file} has the same title`, 'Say what is different about this one'])
    return notes.map(([part, what, cure]) => ({ file: rule.facts.file, line: rule.line, part, what, cure }))
  })
}

type Note = readonly [part: string, what: string, cure: string]

function identityNotes({ facts, status, assumed }: Rule): Note[] {
  const notes: Note[] = []
  if (assumed.includes('id'))
    notes.push(['id', 'it has none, so its alerts change their identity with its detection', 'Give it a UUID'])
  else if (!UUID.test(facts.id)) notes.push(['id', 'it is no UUID', 'Give it a UUID'])
  if (assumed.includes('level')) notes.push(['level', 'it has none and counts as medium', 'Choose one'])
  if (status === 'deprecated' || status === 'unsupported')
    notes.push(['status', `it is ${status} and still judges`, 'Remove the rule, or change its status'])
  return notes
}

function contentNotes({ facts }: Rule): Note[] {
  const notes: Note[] = []
  if (facts.description === '')
    notes.push(['description', 'it has none', 'Say what happened when it fires, and why it matters'])
  if (facts.runbook === '') notes.push(['modelward.runbook', 'it has none', 'Write the first steps for who is paged'])
  if (facts.controls.length === 0)
    notes.push(['modelward.controls', 'it names no control', 'Name the control that it serves'])
  if (facts.falsePositives.length === 0)
    notes.push(['falsepositives', 'it names none', 'Say what harmless thing looks the same'])
  if (Object.keys(facts.logsource).length === 0)
    notes.push(['logsource', 'it names nothing, so every event is judged', 'Name category, product or service'])
  for (const { id, name } of [...facts.atlas, ...facts.attack])
    if (name === undefined) notes.push(['tags', `${id} is not in our table of techniques`, 'Check the id'])
  return notes
}

function testNotes({ tests }: Rule): Note[] {
  return [true, false]
    .filter((fires) => !tests.some((test) => test.fires === fires))
    .map((fires): Note => ['tests', fires ? 'no test shows it firing' : 'no test shows it staying quiet', 'Add one'])
}

function unusedNotes({ detection }: Rule): Note[] {
  const used = namesIn(detection.condition)
  return [...detection.selections.keys()]
    .filter((name) => !used.has(name))
    .map((name): Note => [`detection.${name}`, 'the condition does not use it', 'Use it, or remove it'])
}

function namesIn(condition: Condition): ReadonlySet<string> {
  if (condition.kind === 'selection') return new Set([condition.name])
  if (condition.kind === 'of') return new Set(condition.names)
  const parts = condition.kind === 'not' ? [condition.part] : condition.parts
  return new Set(parts.flatMap((part) => [...namesIn(part)]))
}
