import type { ZodType } from 'zod'

/**
 * How every plug-in presents itself: one folder, one object, one line in its room's list. Config validation, JSON
 * Schema, CLI help, docs, metric labels and the conformance test are made from it.
 */
export interface Plugin<Part, Config, Context = Given> {
  readonly kind: string
  readonly summary: string
  /** Permissions it needs outside: files, ports, roles. */
  readonly needs: readonly string[]
  /** Strict: an unknown key is an error. Checked without touching the world. */
  readonly config: ZodType<Config>
  /** Working values of `config` (without `kind` and `name`); a test parses each. */
  readonly examples: readonly unknown[]
  open(config: Config, context: Context): Promise<Part>
}

/** All that a plug-in may use of the outside world. Tests hand in their own. */
export interface Given {
  /** The name of this instance in the config. */
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics: Metrics
}

export interface Clock {
  /** Epoch ms. */
  now(): number
  /** Milliseconds that never go back. */
  monotonic(): number
  /** Resolves after `ms`; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  bytes(count: number): Uint8Array
}

/** Messages are fixed strings; what varies goes into fields. Never per event. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}
export type LogFields = Readonly<Record<string, unknown>>

/** Prometheus. Names after Vector's component specification, prefix `modelward_`. */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): Counter
  gauge(name: string, help: string, labels?: readonly string[]): Gauge
  histogram(name: string, help: string, buckets: readonly number[], labels?: readonly string[]): Histogram
}
export type Labels = Readonly<Record<string, string>>
export interface Counter {
  add(value: number, labels?: Labels): void
}
export interface Gauge {
  set(value: number, labels?: Labels): void
}
export interface Histogram {
  observe(value: number, labels?: Labels): void
}
