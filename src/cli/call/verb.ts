import type { ParseArgsConfig } from 'node:util'

/** One verb of the command line. `name` may be two words: `rules test`. */
export interface Verb {
  readonly name: string
  readonly summary: string
  /** What follows the name: `PATH… [--rules DIR]`. */
  readonly usage: string
  readonly examples: readonly string[]
  readonly options: Options
  /** Answers with the exit code: 0 done, 1 the answer is no, 2 used wrongly, 3 could not run. */
  run(call: Call): Promise<number>
}

export type Options = NonNullable<ParseArgsConfig['options']>

/** A verb as it was called. */
export interface Call {
  readonly words: readonly string[]
  readonly flags: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>
  readonly io: Io
  /** Aborts on SIGINT and SIGTERM. */
  readonly signal: AbortSignal
}

/** Standard output for answers, standard error for messages and progress. */
export interface Io {
  /** Whether `--json` was given: then only `json` writes to standard output. */
  readonly asJson: boolean
  readonly colour: boolean
  line(text?: string): void
  json(value: unknown): void
  message(text: string): void
  /** A progress line that is overwritten; shown on a terminal only, and only after two seconds. */
  progress(text: string): void
}

/** Flags that take one text each. */
export function textOptions(...names: readonly string[]): Options {
  return Object.fromEntries(names.map((name) => [name, { type: 'string' }]))
}

/** Those of these flags that were given. */
export function textsGiven<Name extends string>(
  call: Call,
  ...names: readonly Name[]
): { readonly [Each in Name]?: string } {
  const given: { [Each in Name]?: string } = {}
  for (const name of names) {
    const text = textFlag(call, name)
    if (text !== undefined) given[name] = text
  }
  return given
}

/** A flag that takes one text. */
export function textFlag(call: Call, name: string): string | undefined {
  const value = call.flags[name]
  return typeof value === 'string' ? value : undefined
}

/** A flag that may be given more than once. */
export function textFlags(call: Call, name: string): readonly string[] {
  const value = call.flags[name]
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((part): part is string => typeof part === 'string') : []
}
