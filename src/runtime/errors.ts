/** Base of every error the daemon raises on purpose. `code` is stable: people search for it and tests rely on it. */
export abstract class ModelwardError extends Error {
  abstract readonly code: string
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

/** The operator's mistake: names the place (file, line, path) and the cure. The daemon does not start, or keeps what it had. */
export class ConfigError extends ModelwardError {
  readonly code = 'MW_CONFIG'
  readonly problems: readonly Problem[]
  constructor(problems: readonly Problem[]) {
    super(problems.map(describeProblem).join('\n'))
    this.problems = problems
  }
}

/** One thing wrong in a file that a person wrote. */
export interface Problem {
  readonly file: string
  readonly line?: number
  /** The part: `deliver[0].url`, `detection.selection`. */
  readonly part: string
  readonly what: string
  readonly cure: string
}

export function describeProblem(problem: Problem): string {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`
  return `${place}: ${problem.part}: ${problem.what}. ${problem.cure}`
}

/** Worth another try later; `afterMs` when the other side said when. */
export class TransientError extends ModelwardError {
  readonly code = 'MW_TRANSIENT'
  readonly afterMs: number | undefined
  constructor(message: string, options?: ErrorOptions & { afterMs?: number }) {
    super(message, options)
    this.afterMs = options?.afterMs
  }
}

/** The disk is full: nothing was written, and the same may be tried again. */
export class StoreFullError extends ModelwardError {
  readonly code = 'MW_STORE_FULL'
}

/** The store can no longer be believed (a failed fsync, an I/O error): the daemon ends, a restart reads what is really there. */
export class StoreError extends ModelwardError {
  readonly code = 'MW_STORE'
}

/** Another daemon holds the data directory. */
export class LockedError extends ModelwardError {
  readonly code = 'MW_LOCKED'
}

/** Used wrongly: a verb, flag or argument that does not exist. */
export class UsageError extends ModelwardError {
  readonly code = 'MW_USAGE'
}

/** Something a person asked for is not there or not allowed in its state. */
export class RefusedError extends ModelwardError {
  readonly code = 'MW_REFUSED'
}

/** The words of an error and its causes, in one line, for logs and people. */
export function reasonOf(error: unknown): string {
  const parts: string[] = []
  for (let at: unknown = error; at !== undefined && parts.length < 5; at = at instanceof Error ? at.cause : undefined)
    parts.push(at instanceof Error ? at.message : typeof at === 'string' ? at : JSON.stringify(at))
  return parts.join(': ')
}
