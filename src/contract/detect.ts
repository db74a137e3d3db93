import type { Event } from './event.ts'

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
  /** Which way it is unusual: `high`, `low`, or a detector's own word. */
  readonly direction: string
  readonly window?: ScoreWindow
  readonly explain: Explanation
  /** Tells several scores of one detector on one event apart; part of the score's id. Default empty. */
  readonly part?: string
}

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
  /** The ordered pass: called once for each event, in order. */
  score(event: Event): readonly Score[]
  /** Optional, after the ordered pass: scores for windows that `score` filled. Order: as their events came. */
  flush?(signal: AbortSignal): Promise<readonly Score[]>
  /** Optional: event time has reached `watermark` (epoch ms); series that are due answer now. */
  tick?(watermark: number): readonly Score[]
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
