import { z } from 'zod'
import type { Problem } from '../../runtime/errors.ts'
import type { Lists } from '../parse/pattern.ts'
import type { Path, Report } from '../parse/syntax.ts'
import { partOf } from '../parse/part.ts'
import { readYaml, type YamlDocument } from '../parse/yaml.ts'
import { FIELD_CONDITIONS, ITEM_CONDITIONS, RULE_CONDITIONS } from './conditions.ts'
import { FIELD_TRANSFORMATIONS } from './fields.ts'
import { readGroup } from './group.ts'
import { SPLITTING_TRANSFORMATIONS } from './split.ts'
import { reportIssue, type Kind, type Pipeline, type Scope, type Step, type Transformation } from './step.ts'
import { VALUE_TRANSFORMATIONS } from './values.ts'
import { WHOLE_TRANSFORMATIONS } from './whole.ts'

/** A file may hold this many steps, nested ones included, and steps may be nested this deep. */
export const STEP_LIMITS = { steps: 1000, depth: 5 } as const

/** What a pipeline file is. */
export interface ReadPipeline {
  /** Undefined when there is a problem. */
  readonly pipeline: Pipeline | undefined
  readonly problems: readonly Problem[]
  /** What was left out, because it only matters where rules become queries: nothing to mend. */
  readonly remarks: readonly Problem[]
}

const Variable = z.union([z.string(), z.number(), z.boolean()])
const File = z.strictObject({
  name: z.string().nullish(),
  priority: z.number().default(0),
  vars: z.record(z.string(), z.union([Variable, z.array(Variable)])).default({}),
  transformations: z.array(z.record(z.string(), z.unknown())).default([]),
  postprocessing: z.unknown().optional(),
  finalizers: z.unknown().optional(),
  allowed_backends: z.unknown().optional(),
})

const TRANSFORMATIONS: ReadonlyMap<string, Kind<Transformation>> = new Map([
  ...FIELD_TRANSFORMATIONS,
  ...VALUE_TRANSFORMATIONS,
  ...SPLITTING_TRANSFORMATIONS,
  ...WHOLE_TRANSFORMATIONS,
])

/** Why some of pySigma's transformations are refused. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['command_placeholders', 'it runs a command'],
  ['http_placeholders', 'it asks another machine'],
  ['file_placeholders', 'it reads another file'],
])

/** Reads one pipeline as pySigma writes them. It opens no file and runs nothing. `file` is its path, for people. */
export function readPipeline(file: string, text: string): ReadPipeline {
  const { documents, problems: unreadable } = readYaml(file, text)
  const problems: Problem[] = [...unreadable]
  const remarks: Problem[] = []
  const [document, another] = documents
  if (!document) return { pipeline: undefined, problems, remarks }
  const saying = (list: Problem[]): Report => {
    const tell = (path: Path, what: string, cure: string): void => {
      list.push({ file, line: document.lineOf(path), part: partOf(path, 'pipeline'), what, cure })
    }
    const { line, lineOf } = document
    return Object.assign(tell, { file, line, lineOf })
  }
  const report = saying(problems)
  if (another)
    problems.push({
      file,
      line: another.line,
      part: 'pipeline',
      what: 'a file holds one pipeline',
      cure: 'Split the file',
    })
  const pipeline = new Reader(file, document, report, saying(remarks)).pipeline()
  return { pipeline: problems.length === 0 ? pipeline : undefined, problems, remarks }
}

class Reader {
  readonly #file: string
  readonly #document: YamlDocument
  readonly #report: Report
  readonly #remark: Report
  #steps = 0

  constructor(file: string, document: YamlDocument, report: Report, remark: Report) {
    this.#file = file
    this.#document = document
    this.#report = report
    this.#remark = remark
  }

  pipeline(): Pipeline | undefined {
    const parsed = File.safeParse(this.#document.value)
    if (!parsed.success) {
      for (const issue of parsed.error.issues) reportIssue(issue, [], this.#report)
      return undefined
    }
    const { name, priority, vars, transformations } = parsed.data
    for (const part of ['postprocessing', 'finalizers'] as const)
      if (parsed.data[part] !== undefined)
        this.#remark([part], 'it is left out: rules do not become queries here', 'Nothing needs to be done')
    const steps = this.#read(transformations, ['transformations'], 0)
    return { file: this.#file, name: name ?? this.#file, priority, vars: listsOf(vars), steps }
  }

  #read(written: readonly Readonly<Record<string, unknown>>[], path: Path, depth: number): readonly Step[] {
    this.#steps += written.length
    if (this.#steps > STEP_LIMITS.steps || depth > STEP_LIMITS.depth) {
      const what = `there are more than ${STEP_LIMITS.steps} steps, or they are nested deeper than ${STEP_LIMITS.depth}`
      this.#report(path, what, 'Split the pipeline')
      return []
    }
    return written.flatMap((step, at) => this.#step(step, [...path, at], depth) ?? [])
  }

  #step(written: Readonly<Record<string, unknown>>, path: Path, depth: number): Step | undefined {
    const { type, id } = written
    const wants = readGroup('rule', RULE_CONDITIONS, written, path, this.#report)
    const items = readGroup('detection_item', ITEM_CONDITIONS, written, path, this.#report)
    const fields = readGroup('field_name', FIELD_CONDITIONS, written, path, this.#report)
    const apply = this.#transformation(type, parametersOf(written), path, depth)
    if (!wants || !items || !fields || !apply) return undefined
    const scope: Scope = {
      id: typeof id === 'string' && id !== '' ? id : `${this.#file} ${partOf(path, 'pipeline')}`,
      meansItem: (item, work) =>
        items((check) => check(item, work)) &&
        fields(
          (check) =>
            check(item.item.field, work, item.applied) ||
            item.item.groups.flat().some((test) => test.kind === 'field' && check(test.field, work, item.applied)),
        ),
      meansField: (field, work, applied) => fields((check) => check(field, work, applied)),
    }
    return {
      id: scope.id,
      line: this.#document.lineOf(path),
      type: String(type),
      wants: (work) => wants((check) => check(work)),
      apply: (work) => {
        work.applied.add(scope.id)
        apply(work, scope)
      },
    }
  }

  #transformation(
    type: unknown,
    parameters: Readonly<Record<string, unknown>>,
    path: Path,
    depth: number,
  ): Transformation | undefined {
    if (typeof type !== 'string') {
      this.#report(path, 'the step has no type', 'Write type: field_name_mapping, or another transformation')
      return undefined
    }
    if (type === 'nest') return this.#nest(parameters, path, depth)
    if (type === 'query_expression_placeholders') {
      this.#remark(
        path,
        `${type} is left out: rules do not become queries here`,
        'Use value_placeholders where such rules are wanted',
      )
      return () => undefined
    }
    const reason = REFUSED.get(type)
    const kind = TRANSFORMATIONS.get(type)
    if (reason !== undefined)
      this.#report(
        [...path, 'type'],
        `${type} is refused: ${reason}`,
        'Write the values into vars and use value_placeholders',
      )
    else if (!kind)
      this.#report(
        [...path, 'type'],
        `there is no transformation ${type}`,
        `Use one of ${[...TRANSFORMATIONS.keys(), 'nest'].join(', ')}`,
      )
    return kind?.(parameters, path, this.#report)
  }

  #nest(
    { items, ...others }: Readonly<Record<string, unknown>>,
    path: Path,
    depth: number,
  ): Transformation | undefined {
    const parsed = z.array(z.record(z.string(), z.unknown())).safeParse(items)
    for (const key of Object.keys(others)) this.#report([...path, key], 'there is no such parameter', 'Remove it')
    if (!parsed.success) {
      this.#report([...path, 'items'], 'nest has no list of steps', 'Write the steps under items')
      return undefined
    }
    const steps = this.#read(parsed.data, [...path, 'items'], depth + 1)
    return (work) => {
      for (const step of steps) if (step.wants(work)) step.apply(work)
    }
  }
}

const OF_EVERY_STEP = new Set(['id', 'type'])

function parametersOf(step: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const isParameter = (key: string): boolean =>
    !OF_EVERY_STEP.has(key) && !/^(rule|detection_item|field_name)_(conditions|cond_(expr|op|not))$/.test(key)
  return Object.fromEntries(Object.entries(step).filter(([key]) => isParameter(key)))
}

function listsOf(vars: z.infer<typeof File>['vars']): Lists {
  return new Map(Object.entries(vars).map(([name, value]) => [name, [value].flat().map(String)]))
}
