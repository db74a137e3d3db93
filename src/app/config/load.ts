import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { z } from 'zod'
import { AlertConfig } from '../../alert/config.ts'
import { ConsoleConfig } from '../../console/config.ts'
import type { CollectorContext } from '../../collect/context/collector-context.ts'
import { collectors } from '../../collect/index.ts'
import type { Collector } from '../../contract/record.ts'
import type { Detector, DetectorContext } from '../../contract/detect.ts'
import type { Check } from '../../contract/inspect.ts'
import type { Given } from '../../contract/plugin.ts'
import type { Level } from '../../contract/rules.ts'
import type { Sink } from '../../contract/deliver.ts'
import type { SinkContext } from '../../deliver/context/sink-context.ts'
import { sinks } from '../../deliver/index.ts'
import { BudgetConfig } from '../../detect/fusion/fusion.ts'
import { detectors } from '../../detect/index.ts'
import { scheduleProblem } from '../../inspect/scheduler.ts'
import { checks } from '../../inspect/index.ts'
import { FieldMapping } from '../../normalize/mapping.ts'
import { RespondConfig } from '../../respond/config.ts'
import { ConfigError, type Problem } from '../../runtime/errors.ts'
import { ConfigDocument } from './document.ts'
import { readInstances, type Instance } from './instances.ts'
import { Shape } from './schema.ts'
import { formatNames, formatProblems } from './source-formats.ts'

/** The config, checked whole. Nothing in the world has been touched but the file itself. */
export interface Config {
  readonly file: string | undefined
  readonly data: string
  readonly shape: Shape
  readonly sources: readonly Instance<Collector, CollectorContext>[]
  readonly mappings: readonly FieldMapping[]
  readonly ruleFolders: readonly string[]
  readonly detectors: readonly Instance<Detector, DetectorContext>[]
  readonly budget: BudgetConfig
  readonly alert: AlertConfig
  readonly sinks: readonly RoutedSink[]
  readonly respond: RespondConfig
  readonly checks: readonly ScheduledCheck[]
  readonly console: ConsoleConfig
}

export interface RoutedSink extends Instance<Sink, SinkContext> {
  /** Alerts below this level are not for this sink. */
  readonly atLeast: Level
  readonly sendResolved: boolean
}

export interface ScheduledCheck extends Instance<Check, Given> {
  readonly schedule: string
}

/** The rules and playbooks that ship with the program, beside `src/` or `dist/`. */
export const embeddedRules = resolve(import.meta.dirname, '../../../rules')

export interface Overrides {
  readonly data?: string
  readonly ruleFolders?: readonly string[]
}

/** Reads and checks a config file; without one the embedded defaults hold. Throws ConfigError with every problem found. */
export function loadConfig(file: string | undefined, overrides: Overrides = {}): Config {
  const document = file === undefined ? ConfigDocument.parse('embedded defaults', '{}') : ConfigDocument.read(file)
  return readConfig(document, file, overrides)
}

export function readConfig(document: ConfigDocument, file: string | undefined, overrides: Overrides = {}): Config {
  const parsed = Shape.safeParse(document.value)
  if (!parsed.success) throw new ConfigError(document.problems(parsed.error))
  const shape = parsed.data
  const problems: Problem[] = []
  const take = <T>(found: {
    readonly instances: readonly T[]
    readonly problems: readonly Problem[]
  }): readonly T[] => {
    problems.push(...found.problems)
    return found.instances
  }
  const part = <T>(section: string, schema: z.ZodType<T>, value: unknown): T | undefined => {
    const read = schema.safeParse(value)
    if (!read.success) problems.push(...document.problems(read.error, section.split('.')))
    return read.data
  }
  const config = {
    file,
    data: overrides.data ?? shape.data,
    shape,
    sources: take(readInstances(document, 'collect', shape.collect, collectors)),
    mappings: shape.normalize.mappings.flatMap((mapping, index) => {
      const read = FieldMapping.safeParse(mapping)
      if (!read.success) problems.push(...document.problems(read.error, ['normalize', 'mappings', index]))
      return read.success ? [read.data] : []
    }),
    ruleFolders: ruleFolders(document, shape, overrides, problems),
    detectors: take(
      readInstances(document, 'detect', shape.detect ?? detectors.map(({ kind }) => ({ kind })), detectors),
    ),
    budget: part('budget', BudgetConfig, shape.budget),
    alert: part('alert', AlertConfig, shape.alert),
    sinks: take(readSinks(document, shape)),
    respond: part('respond', RespondConfig, shape.respond),
    checks: take(readChecks(document, shape)),
    console: part('console', ConsoleConfig, shape.console),
  }
  problems.push(...formatProblems(document, shape.collect, formatNames(config.mappings, shape.normalize.disabled)))
  const { budget, alert, respond, console } = config
  if (problems.length > 0 || !budget || !alert || !respond || !console) throw new ConfigError(problems)
  return { ...config, budget, alert, respond, console }
}

function readSinks(
  document: ConfigDocument,
  shape: Shape,
): { instances: readonly RoutedSink[]; problems: readonly Problem[] } {
  const routes = new Map<string, { atLeast: Level; sendResolved: boolean }>()
  const problems: Problem[] = []
  const levels: readonly Level[] = ['informational', 'low', 'medium', 'high', 'critical']
  const entries = shape.deliver.map(({ atLeast = 'informational', sendResolved = true, ...entry }, index) => {
    const level = levels.find((known) => known === atLeast)
    if (!level)
      problems.push(
        document.problem(
          ['deliver', index, 'atLeast'],
          `"${String(atLeast)}" is no level`,
          `Use one of: ${levels.join(', ')}`,
        ),
      )
    routes.set(entry.name ?? entry.kind, { atLeast: level ?? 'informational', sendResolved: sendResolved === true })
    return entry
  })
  const read = readInstances(document, 'deliver', entries, sinks)
  const instances = read.instances.map((sink) => ({
    ...sink,
    ...(routes.get(sink.name) ?? { atLeast: 'informational' as const, sendResolved: true }),
  }))
  return { instances, problems: [...problems, ...read.problems] }
}

function readChecks(
  document: ConfigDocument,
  shape: Shape,
): { instances: readonly ScheduledCheck[]; problems: readonly Problem[] } {
  const problems: Problem[] = []
  const schedules = new Map<string, string>()
  const entries = shape.inspect.map(({ schedule, ...entry }, index) => {
    const wrong = scheduleProblem(schedule)
    if (wrong)
      problems.push(
        document.problem(['inspect', index, 'schedule'], wrong, 'Write five cron fields in UTC, such as "0 6 * * *"'),
      )
    schedules.set(entry.name ?? entry.kind, schedule)
    return entry
  })
  const read = readInstances(document, 'inspect', entries, checks)
  const instances = read.instances.map((check) => ({ ...check, schedule: schedules.get(check.name) ?? '0 6 * * *' }))
  return { instances, problems: [...problems, ...read.problems] }
}

function ruleFolders(
  document: ConfigDocument,
  shape: Shape,
  overrides: Overrides,
  problems: Problem[],
): readonly string[] {
  if (overrides.ruleFolders && overrides.ruleFolders.length > 0) return overrides.ruleFolders
  const own = [...(shape.rules.folders ?? []), ...shape.rules.add]
  for (const folder of own)
    if (!existsSync(folder))
      problems.push(
        document.problem(
          ['rules'],
          `there is no folder ${folder}`,
          `Check the path (it is read from ${process.cwd()})`,
        ),
      )
  return [...(shape.rules.folders ?? [embeddedRules]), ...shape.rules.add]
}

/** Folders of playbooks: those that ship with the program, then the operator's. */
export function playbookFolders(config: Config): readonly string[] {
  return [join(embeddedRules, 'playbooks'), ...config.respond.playbooks]
}
