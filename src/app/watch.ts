import type { Alert, Notification } from '../contract/alert.ts'
import type { Detector, Evidence, Reading, Score } from '../contract/detect.ts'
import type { Event, Normalized, Normalizer } from '../contract/event.ts'
import type { Batch, RawRecord, Refusal } from '../contract/record.ts'
import type { Clock, Log } from '../contract/plugin.ts'
import type { Finding, Judge } from '../contract/rules.ts'
import type {
  AuditEntry,
  Changes,
  DetectorChange,
  DocumentChange,
  Quarantined,
  SourcePosition,
  Store,
} from '../contract/store.ts'
import { RefusedError, StoreFullError, reasonOf } from '../runtime/errors.ts'
import type { Ledger } from './ledger.ts'
import { recordId } from './record-id.ts'
import { ScoreEvent } from './score-event.ts'

/** The alert stages, as the loop sees them. */
export interface AlertStages {
  take(findings: readonly Finding[], now: number): void
  advance(now: number): void
  nextDueAt(): number | undefined
  changes(): {
    readonly alerts: readonly Alert[]
    readonly notifications: readonly Notification[]
    readonly documents: readonly DocumentChange[]
  }
}

export interface NamedDetector {
  readonly name: string
  readonly detector: Detector
}

/** Texts that are read on other threads while this one goes through the events in order. */
export interface TextReading {
  begin(events: readonly Event[]): void
  /** For each detector what its reader made of event number `index` of those begun with; undefined when it was not read ahead. */
  of(index: number): Readings | undefined
}

type Readings = readonly (Reading | undefined)[]

/** Where batches come from. */
export interface BatchSource {
  next(waitMs: number): Promise<Batch | undefined>
  done(batch: Batch): void
  nudge(): void
  readonly ended: boolean
}

export interface WatchParts {
  readonly intake: BatchSource
  readonly normalizer: Normalizer
  readonly detectors: readonly NamedDetector[]
  readonly reading?: TextReading
  readonly evidence?: Evidence
  readonly judge: Judge
  readonly alerts: AlertStages
  readonly store: Store
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly commitEvents: number
  readonly commitMs: number
  readonly failpoint: (name: string) => void
  readonly observer: Observer
}

/** Told of what has become true, after it was committed. */
export interface Observer {
  committed?(changes: Changes): void
  event?(event: Event): void
  finding?(finding: Finding): void
  score?(score: Score): void
  stuck?(problem: string | undefined): void
}

interface Errand {
  readonly work: () => void
  readonly done: () => void
  readonly failed: (error: Error) => void
}

const TICK_MS = 60_000
/** The judge looks this often, by the daemon's clock, for what has not come in time. */
const JUDGE_TICK_MS = 1_000
/** Under these names the state of rules and of evidence stands beside those of the detectors. */
export const JUDGE_STATE = 'modelward.rules'
export const EVIDENCE_STATE = 'modelward.evidence'

/** collect -> normalize -> detect -> rules -> alert -> one commit -> ack. */
export class Watch {
  readonly #parts: WatchParts
  #watermark: number
  #watermarkMoved = false
  #judgeTickedAt = 0
  #quarantine: Quarantined[] = []
  #released: string[] = []
  #positions = new Map<string, SourcePosition>()
  #audit: AuditEntry[] = []
  readonly #errands: Errand[] = []
  #running = false

  constructor(parts: WatchParts) {
    this.#parts = parts
    this.#watermark = parts.store.document<number>('watch', 'watermark') ?? 0
  }

  /** Runs until the intake ends or `signal` aborts; what was taken in by then is committed before it returns. */
  async run(signal: AbortSignal): Promise<void> {
    const { intake, alerts, clock } = this.#parts
    this.#running = true
    try {
      while (!signal.aborted && !intake.ended) {
        const group = await this.#gather(signal)
        await this.#evaluate(group, signal)
        await this.#flush(signal)
        this.#tickJudge()
        const errands = [...this.#errands]
        for (const errand of errands) errand.work()
        alerts.advance(clock.now())
        if (!(await this.#commit(group, signal))) return
        for (const errand of this.#errands.splice(0, errands.length)) errand.done()
      }
    } finally {
      this.#running = false
      for (const errand of this.#errands.splice(0)) errand.failed(new RefusedError('the daemon is stopping'))
    }
  }

  /**
   * Does `work` between two batches and resolves once its changes are committed. People's commands, posture
   * observations and records out of the quarantine come in this way, so that only one thing moves the state at a time.
   */
  errand<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.#running) return reject(new RefusedError('the daemon is not running'))
      let settle = (): void => undefined
      this.#errands.push({
        work: () => {
          try {
            const value = work()
            settle = () => resolve(value)
          } catch (error) {
            settle = () => reject(error)
          }
        },
        done: () => settle(),
        failed: reject,
      })
      this.#parts.intake.nudge()
    })
  }

  /** Inside an errand: records out of the quarantine go the way again; those that are read now leave it. */
  again(records: readonly Quarantined[]): { readonly read: number; readonly kept: number } {
    const { ledger, normalizer } = this.#parts
    let read = 0
    for (const record of records) {
      const result = normalizer.normalize({ ...record, receivedAt: record.at })
      if (!('events' in result)) continue
      for (const event of result.events) this.#event(event)
      this.#released.push(record.id)
      ledger.settled('quarantined', record.source, record.reason, -1)
      ledger.settled('committed', record.source, '', 1)
      read++
    }
    return { read, kept: records.length - read }
  }

  /** Inside an errand: something the daemon itself saw goes the way of every event. */
  witness(events: readonly Event[], audit: readonly AuditEntry[] = []): void {
    for (const event of events) this.#event(event)
    this.#audit.push(...audit)
  }

  async #gather(signal: AbortSignal): Promise<Batch[]> {
    const { intake, clock, commitEvents, commitMs, ledger } = this.#parts
    const group: Batch[] = []
    let records = 0
    let until = clock.monotonic() + this.#idleMs()
    while (records < commitEvents && !signal.aborted) {
      if (this.#errands.length > 0) break
      const batch = await intake.next(Math.max(0, until - clock.monotonic()))
      if (!batch) break
      if (group.length === 0) until = clock.monotonic() + commitMs
      group.push(batch)
      records += batch.records.length
      ledger.received(batch.source, batch.records.length)
    }
    return group
  }

  /** How long the loop may sleep before an alert timer is due. */
  #idleMs(): number {
    const dueAt = this.#parts.alerts.nextDueAt()
    return dueAt === undefined ? 1_000 : Math.min(1_000, Math.max(1, dueAt - this.#parts.clock.now()))
  }

  async #evaluate(group: readonly Batch[], signal: AbortSignal): Promise<void> {
    const { normalizer, reading } = this.#parts
    const read = group.map((batch) => batch.records.map((record) => normalizer.normalize(record)))
    const events = read.flatMap((results) => results.flatMap((result) => ('events' in result ? result.events : [])))
    reading?.begin(events)
    for (const { detector } of this.#parts.detectors) await detector.prepare?.(events, signal)
    let index = 0
    for (const [at, batch] of group.entries()) {
      const results = read[at] ?? []
      for (const [row, result] of results.entries()) {
        if ('events' in result) for (const event of result.events) this.#event(event, reading?.of(index++))
        else this.#refuse(batch.records[row], result.refused)
      }
      this.#settle(batch, results)
    }
  }

  /** What is to be told of a batch beside its events. */
  #settle(batch: Batch, results: readonly Normalized[]): void {
    const { ledger, clock } = this.#parts
    ledger.settled('committed', batch.source, '', results.filter((result) => 'events' in result).length)
    for (const position of batch.positions)
      this.#positions.set(`${batch.source}\n${position.stream}`, { source: batch.source, ...position })
    for (const loss of batch.losses ?? []) {
      ledger.lost(batch.source, loss.reason, loss.bytes)
      const detail = { reason: loss.reason, detail: loss.detail, bytes: loss.bytes }
      this.#audit.push({ at: clock.now(), actor: 'modelward', action: 'source.loss', subject: batch.source, detail })
      this.#parts.log.warn('records may have been lost at the source', { source: batch.source, ...detail })
    }
  }

  #refuse(record: RawRecord | undefined, refusal: Refusal): void {
    if (!record) return
    this.#parts.ledger.settled('quarantined', record.source, refusal.reason)
    this.#quarantine.push(quarantined(record, refusal, this.#parts.clock.now()))
  }

  #event(event: Event, readings?: Readings): void {
    const { detectors, observer, judge } = this.#parts
    this.#tick(event.at)
    observer.event?.(event)
    this.#tickJudge()
    let findings = judge.judge(event)
    for (const [at, { detector }] of detectors.entries())
      for (const score of detector.score(event, readings?.[at])) findings = [...findings, ...this.#score(score)]
    if (findings.length === 0) for (const { detector } of detectors) detector.learn(event)
    else this.#found(findings)
  }

  /** What rules find in a score, and in what it makes of the evidence on its principal. */
  #score(score: Score): readonly Finding[] {
    const { observer, judge, evidence, detectors } = this.#parts
    observer.score?.(score)
    for (const { detector } of detectors) detector.notice?.(score)
    let findings = judge.judge(new ScoreEvent(score), score)
    for (const weighed of evidence?.weigh(score) ?? []) {
      observer.score?.(weighed)
      findings = [...findings, ...judge.judge(new ScoreEvent(weighed), weighed)]
    }
    return findings
  }

  #found(findings: readonly Finding[]): void {
    const { alerts, clock, observer } = this.#parts
    if (observer.finding) for (const finding of findings) observer.finding(finding)
    alerts.take(findings, clock.now())
  }

  /** Series detectors answer at each full minute of event time, wherever batches were cut. */
  #tick(at: number): void {
    if (at < this.#watermark + TICK_MS) return
    this.#watermark = at - (at % TICK_MS)
    this.#watermarkMoved = true
    for (const { detector } of this.#parts.detectors)
      for (const score of detector.tick?.(this.#watermark) ?? []) {
        const findings = this.#score(score)
        if (findings.length > 0) this.#found(findings)
      }
  }

  /** In whole steps of the clock, so that a replay, whose clock the events drive, finds the same however batches are cut. */
  #tickJudge(): void {
    const now = this.#parts.clock.now()
    if (now < this.#judgeTickedAt + JUDGE_TICK_MS) return
    this.#judgeTickedAt = now - (now % JUDGE_TICK_MS)
    const findings = this.#parts.judge.tick(this.#judgeTickedAt)
    if (findings.length > 0) this.#found(findings)
  }

  async #flush(signal: AbortSignal): Promise<void> {
    for (const { detector } of this.#parts.detectors)
      for (const score of (await detector.flush?.(signal)) ?? []) {
        const findings = this.#score(score)
        if (findings.length > 0) this.#found(findings)
      }
  }

  /** False when told to stop while the disk was full: nothing is acked then, and the next start reads it again. */
  async #commit(group: readonly Batch[], signal: AbortSignal): Promise<boolean> {
    const { ledger, failpoint, observer, intake } = this.#parts
    const changes = this.#changes()
    failpoint('watch.before-commit')
    if (!isEmpty(changes) && !(await this.#store(changes, signal))) return false
    failpoint('watch.after-commit')
    ledger.committed(changes.counts ?? [])
    observer.committed?.(changes)
    for (const batch of group) {
      await batch.ack()
      intake.done(batch)
    }
    failpoint('watch.after-ack')
    return true
  }

  /** A full disk is waited out with the same changes; nothing is acked meanwhile. Anything else ends the daemon. */
  async #store(changes: Changes, signal: AbortSignal): Promise<boolean> {
    const { store, clock, log, observer } = this.#parts
    for (let attempt = 0; ; attempt++) {
      try {
        store.commit(changes)
        if (attempt > 0) log.info('the store takes commits again', { attempts: attempt })
        observer.stuck?.(undefined)
        return true
      } catch (error) {
        if (!(error instanceof StoreFullError)) throw error
        if (attempt === 0) log.error('the disk is full, waiting', { reason: reasonOf(error) })
        observer.stuck?.(reasonOf(error))
        await clock.sleep(1_000, signal).catch(() => undefined)
        if (signal.aborted) return false
      }
    }
  }

  #changes(): Changes {
    const states: DetectorChange[] = []
    for (const { name, detector } of this.#parts.detectors)
      for (const change of detector.changes()) states.push({ detector: name, key: change.key, value: change.value })
    for (const { key, value } of this.#parts.judge.changes()) states.push({ detector: JUDGE_STATE, key, value })
    for (const { key, value } of this.#parts.evidence?.changes() ?? [])
      states.push({ detector: EVIDENCE_STATE, key, value })
    const alerted = this.#parts.alerts.changes()
    const watermark = this.#watermarkMoved ? [{ kind: 'watch', key: 'watermark', value: this.#watermark }] : []
    const changes: Changes = {
      positions: [...this.#positions.values()],
      states,
      alerts: alerted.alerts,
      notifications: alerted.notifications,
      documents: [...alerted.documents, ...watermark],
      quarantine: this.#quarantine,
      released: this.#released,
      audit: this.#audit,
      counts: this.#parts.ledger.drain(),
    }
    this.#positions = new Map()
    this.#watermarkMoved = false
    this.#quarantine = []
    this.#released = []
    this.#audit = []
    return changes
  }
}

function isEmpty(changes: Changes): boolean {
  return Object.values(changes).every((part) => (part as readonly unknown[]).length === 0)
}

function quarantined(record: RawRecord, refused: Refusal, at: number): Quarantined {
  return {
    id: recordId(record),
    at,
    source: record.source,
    stream: record.stream,
    offset: record.offset,
    reason: refused.reason,
    detail: refused.detail,
    bytes: record.bytes,
    ...(record.file === undefined ? {} : { file: record.file }),
    ...(record.index === undefined ? {} : { index: record.index }),
    ...(record.format === undefined ? {} : { format: record.format }),
  }
}
