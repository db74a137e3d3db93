import { z } from 'zod'
import type { Lists } from '../parse/pattern.ts'
import type { Fault, Path, Report } from '../parse/syntax.ts'
import { mapItems, marked, MOST_TESTS, Refusal, type Draft, type DraftItem, type Work } from './work.ts'

/** A pipeline file, read: steps that change rules. */
export interface Pipeline {
  readonly file: string
  /** Its `name`, or else its file. */
  readonly name: string
  /** The lowest goes first; of equal ones the first given. */
  readonly priority: number
  readonly vars: Lists
  readonly steps: readonly Step[]
}

/** One transformation with its conditions. */
export interface Step {
  /** Its `id`, or its place in the file. */
  readonly id: string
  readonly line: number
  readonly type: string
  readonly wants: (work: Work) => boolean
  readonly apply: (work: Work) => void
}

/** What a transformation may ask of the step that it belongs to. */
export interface Scope {
  readonly id: string
  /** Whether the item and its field are meant. */
  meansItem(item: DraftItem, work: Work): boolean
  /** Whether a field is meant; `applied` are the steps of the item whose field it is. */
  meansField(field: string | undefined, work: Work, applied?: ReadonlySet<string>): boolean
}

/** A transformation, ready: changes the work in place, throws `Refusal` where it cannot. */
export type Transformation = (work: Work, scope: Scope) => void

/** Reads the parameters of a transformation or a condition; undefined when something in them was reported. */
export type Kind<T> = (parameters: unknown, path: Path, report: Report) => T | undefined

/** A kind with these parameters and no others. What `make` finds wrong with them it returns. */
export function kindOf<S extends z.ZodType, T extends (...parts: never[]) => unknown>(
  schema: S,
  make: (parameters: z.infer<S>, path: Path, report: Report) => T | Fault,
): Kind<T> {
  return (parameters, path, report) => {
    const parsed = schema.safeParse(parameters)
    if (!parsed.success) {
      for (const issue of parsed.error.issues) reportIssue(issue, path, report)
      return undefined
    }
    const made = make(parsed.data, path, report)
    if (typeof made === 'function') return made
    report(path, made.what, made.cure)
    return undefined
  }
}

/** Reports what zod found, in words. */
export function reportIssue(issue: z.core.$ZodIssue, path: Path, report: Report): void {
  const within = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))
  if (issue.code === 'unrecognized_keys')
    for (const key of issue.keys)
      report([...path, ...within, key], 'there is no such parameter', 'Remove it, or correct its spelling')
  else if (issue.code === 'invalid_value')
    report([...path, ...within], 'the value is not allowed', `Use ${issue.values.map(String).join(', ')}`)
  else if (issue.code === 'invalid_union') report([...path, ...within], 'it is missing, or of the wrong kind', SEE)
  else report([...path, ...within], issue.message.replace(/^Invalid input: /, ''), SEE)
}

const SEE = 'Write it as docs/pipelines.md says'

/** Changes the items that the step means and marks them. Of a correlation nothing. */
export function changeItems(work: Work, scope: Scope, change: (item: DraftItem) => Draft | undefined): void {
  if (!work.detection) return
  const selections = new Map<string, Draft>()
  for (const [name, draft] of work.detection.selections)
    selections.set(
      name,
      mapItems(draft, (item) => {
        if (!scope.meansItem(item, work)) return undefined
        const changed = change(item)
        return changed && marked(changed, scope.id)
      }),
    )
  work.detection = { ...work.detection, selections }
  if (tooMany(selections)) throw tooManyTests()
}

function tooManyTests(): Refusal {
  return new Refusal(`it would have more than ${MOST_TESTS} values`, 'Shorten the lists, or split the rule')
}

function tooMany(selections: ReadonlyMap<string, Draft>): boolean {
  let count = 0
  const add = (draft: Draft): void => {
    if (draft.kind === 'item') for (const group of draft.item.groups) count += group.length
    else for (const part of draft.parts) add(part)
  }
  for (const draft of selections.values()) add(draft)
  return count > MOST_TESTS
}
