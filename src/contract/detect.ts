import type { Kernels } from './compute.ts'
import type { Event, Inference } from './event.ts'
import type { Given, Plugin } from './plugin.ts'

/** What a detector says of an event or a window of events. */
export interface Score {
  readonly detector: string
  /** The event that completed the evidence; its id and time are the score's. */
  readonly event: Event
  readonly principal?: string
  /** The calibrated p-value in (0, 1]; null while the detector is still learning. */
  readonly p: number | null
  /** An e-value (≥ 0, mean ≤ 1 while nothing is wrong) where the detector has one. */
  readonly e?: number
  /** How it counts when the evidence on a principal is put together. Absent: it does not. */
  readonly counts?: Counting
  /** Which way it is unusual: `high`, `low`, or a detector's own word. */
  readonly direction: string
  readonly window?: ScoreWindow
  readonly explain: Explanation
  /** Tells several scores of one detector on one event apart; part of the score's id. Default empty. */
  readonly part?: string
}

/**
 * A `window` is a test of its own: its p-value is one draw, told whether small or large. The scores of one `episode` (one
 * `window.from` of one principal and detector) are looks at the same anytime-valid test, of which the smallest counts.
 */
export type Counting = 'window' | 'episode'

export interface ScoreWindow {
  readonly from: number
  readonly to: number
  readonly events: number
}

/** Which feature, seen against expected, in words and numbers a person can check. */
export interface Explanation {
  readonly feature: string
  readonly seen: number
  readonly expected: number | null
  readonly text: string
  /** 0…1, how far the learning period has come, while `p` is null. */
  readonly learning?: number
  /** Ids of the events that weigh most. */
  readonly exemplars?: readonly string[]
  readonly [detail: string]: unknown
}

/** One key's state as it must be stored; null deletes the key. */
export interface StateChange {
  readonly key: string
  readonly value: Uint8Array | null
}

/**
 * events -> scores. Four kinds of detector fit without a wall between them:
 * per event (answer from `score`), per window (collect in `score`, answer on the event that fills the window, from
 * `score` if it is cheap, from `flush` if it wants a device), per series (answer from `tick` when event time has passed),
 * per batch (heavy work for many events at once in `prepare` or `flush`: JavaScript, WASM or a GPU).
 *
 * The promise that makes exactly-once provable: cutting the stream into batches anywhere changes no score and no state.
 * `score` moves the window under test, `learn` moves the reference; events that alerted are never given to `learn`.
 * `learn` comes right after `score` of the same event and before the next one, so an event whose window alerts only in
 * `flush` has been learned already: a detector that answers from `flush` keeps its reference frozen or gates itself.
 * After a throw from `prepare` or `flush` the daemon ends and starts again from the last commit.
 * State is a bounded map of keys. `changes` yields what moved since it was last called; `restore` gets all of it back.
 */
export interface Detector extends AsyncDisposable {
  /** Optional, before the ordered pass: work that depends on each event alone. */
  prepare?(events: readonly Event[], signal: AbortSignal): Promise<void>
  /** The ordered pass: called once for each event, in order. `reading` is what the plug-in's reader made of it, if it was read ahead. */
  score(event: Event, reading?: Reading): readonly Score[]
  /** Optional, after the ordered pass: scores for windows that `score` filled. Order: as their events came. */
  flush?(signal: AbortSignal): Promise<readonly Score[]>
  /** Optional: event time has reached `watermark` (epoch ms); series that are due answer now. */
  tick?(watermark: number): readonly Score[]
  /** Optional: told of every score in order, its own too, so that dear work is done for those of whom others say something. */
  notice?(score: Score): void
  /** Called for an event, in order, when neither it nor a score on it became a finding. */
  learn(event: Event): void
  changes(): readonly StateChange[]
  restore(state: Iterable<StateChange>): void
  /** Keys in memory, the cap, and how many were evicted since the start. */
  keys(): KeyUse
}

export interface KeyUse {
  readonly held: number
  readonly cap: number
  readonly evicted: number
}

/** What a detector may use of the outside world. */
export interface DetectorContext extends Given {
  readonly compute: Kernels
  /** What `modelward baseline` froze for this detector; undefined before. */
  readonly reference: Uint8Array | undefined
  /** 32 secret bytes of this detector, the same as long as the data directory lives: for salted hashes. */
  readonly key: Uint8Array
}

export interface DetectorPlugin<Config> extends Plugin<Detector, Config, DetectorContext> {
  /** A detector that compares with a frozen reference says how it is made. */
  baseline?(config: Config, context: DetectorContext): BaselineMaker
  /** A detector that looks at texts says what it takes from each; `config` must be plain data then. */
  readonly reader?: ReaderMaker<Config>
}

/** A reader is opened anew on every thread. */
export interface ReaderMaker<Config> {
  /** Numbers that it writes for a request. */
  readonly width: number
  open(config: Config, context: ReaderContext): Reader | Promise<Reader>
}

export type ReaderContext = Pick<DetectorContext, 'name' | 'key' | 'reference'>

export type Texts = Pick<Inference, 'prompt' | 'output'>

/**
 * What a detector works out of the texts of one request alone, as so many numbers as its maker says. The daemon may have it done on other
 * threads, ahead of the ordered pass and in any order: equal texts give equal numbers, on every thread.
 */
export interface Reader {
  /** Writes to `out` from `at` on, which is zero there. */
  read(texts: Texts, out: Float64Array, at: number): void
}

/** What the detector's reader wrote for one request: its numbers from `at` on. Good until `score` returns. */
export interface Reading {
  readonly numbers: Float64Array
  readonly at: number
}

/**
 * Makes a reference from benign events, in one pass each: first those of the principals that are to be the reference,
 * then those of others, on which it is calibrated. Principals are never in both, and a third part is left to measure on.
 */
export interface BaselineMaker extends AsyncDisposable {
  refer(events: readonly Event[]): Promise<void>
  calibrate(events: readonly Event[]): Promise<void>
  /** The reference, or in words why these events do not make one and what would. */
  freeze(): Promise<
    { readonly reference: Uint8Array; readonly notes: readonly string[] } | { readonly refused: string }
  >
}

/** Scores of all detectors -> evidence on each principal. State and promises are those of a detector. */
export interface Evidence {
  /** What this score makes of the evidence; told when it passes a level, most often nothing. */
  weigh(score: Score): readonly Score[]
  changes(): readonly StateChange[]
  restore(state: Iterable<StateChange>): void
  keys(): KeyUse
}
