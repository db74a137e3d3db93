import type { Alert, Notification, Silence } from '../contract/alert.ts'
import type { Finding } from '../contract/rules.ts'
import type { DocumentChange, Store } from '../contract/store.ts'
import { RefusedError } from '../runtime/errors.ts'
import type { AlertConfig } from './config.ts'
import { Dedupe } from './dedupe.ts'
import type { Place } from './dedupe.ts'
import { DueQueue } from './due-queue.ts'
import { alertIdOf } from './fingerprint.ts'
import { Groups } from './groups.ts'
import { Inhibitor } from './inhibit.ts'
import { OpenAlert } from './open-alert.ts'
import type { Life } from './open-alert.ts'
import { resolvesAt } from './resolve.ts'
import { Risk } from './risk.ts'
import { Silences } from './silence.ts'
import type { SilenceRequest } from './silence.ts'

/** What became true since the last asking; to be committed together, once. */
export interface AlertChanges {
  readonly alerts: readonly Alert[]
  readonly notifications: readonly Notification[]
  readonly documents: readonly DocumentChange[]
}

/** The parts of the store that the alerts are restored from. */
export type StoredAlerts = Pick<Store, 'alert' | 'alerts' | 'documents'>

export interface AlertOptions {
  /** Principals whose risk is remembered. Default 10,000. */
  readonly riskKeys?: number
}

/** Figures for metrics. */
export interface AlertFigures {
  readonly open: number
  readonly groups: number
  readonly silences: number
  readonly riskKeys: number
  readonly riskEvicted: number
}

const NOTHING: AlertChanges = Object.freeze({ alerts: [], notifications: [], documents: [] })

/**
 * Findings -> alerts -> notifications. A state machine driven from outside: it has no timers and no store; what it says
 * in `changes` is to be committed. The same calls with the same times give the same alerts, wherever batches are cut.
 * Times are epoch ms of the daemon's clock; when that goes back, nothing waits for the time that was not.
 */
export class Alerts {
  readonly #config: AlertConfig
  readonly #dedupe: Dedupe
  readonly #groups: Groups
  readonly #silences = new Silences()
  readonly #inhibitor: Inhibitor
  readonly #risk: Risk
  readonly #queue = new DueQueue((key) => this.#dueOf(key))
  #now = -Infinity
  #changedAlerts = new Set<OpenAlert>()
  #changedLives = new Set<OpenAlert>()
  #forgottenLives = new Set<string>()

  constructor(config: AlertConfig, options: AlertOptions = {}) {
    this.#config = config
    this.#dedupe = new Dedupe(config.maxOpenPerRule)
    this.#inhibitor = new Inhibitor(config.inhibitRules)
    this.#risk = new Risk(options.riskKeys ?? 10_000)
    this.#groups = new Groups(
      config,
      (alert) => alert.silencedBy !== undefined || this.#inhibitor.isInhibited(alert.id),
    )
  }

  /** Takes up exactly where the committed changes left off. To be called once, on a new object. */
  restore(stored: StoredAlerts): void {
    this.#silences.restore(stored.documents<Silence>('silence'))
    this.#risk.restore(stored.documents('risk'))
    this.#groups.restore(stored.documents('group'))
    for (const { key, value } of stored.documents<Life>('alert-life')) {
      const alert = stored.alert(key)
      if (alert) this.#readmit(alert, value)
      else this.#forgottenLives.add(key)
    }
    for (const alert of stored.alerts({ states: ['pending', 'firing'] }))
      if (!this.#dedupe.get(alert.id)) this.#readmit(alert, { seenAt: alert.lastAt, strength: 0, group: '' })
    this.#groups.dropEmpty()
    this.#requeue()
  }

  /** Findings become new alerts or count for open ones. What is due by `now` is done before and after. */
  take(findings: readonly Finding[], now: number): void {
    this.advance(now)
    for (const finding of findings) this.#takeOne(finding, this.#now)
    this.advance(this.#now)
  }

  /** Does what has become due, in the order of its times: tells groups, ends alerts and silences. */
  advance(now: number): void {
    if (now < this.#now || this.#now === -Infinity) this.#rewind(now)
    this.#now = now
    for (let due = this.#queue.take(now); due; due = this.#queue.take(now)) {
      this.#run(due.key, due.at)
      this.#queue.touch(due.key)
    }
  }

  /** When `advance` has something to do next. */
  nextDueAt(): number | undefined {
    return this.#queue.next()?.at
  }

  /** What changed since the last call; nearly free when nothing did. */
  changes(): AlertChanges {
    if (!this.#isChanged()) return NOTHING
    const documents: DocumentChange[] = []
    const alerts = [...this.#changedAlerts].map((alert) => alert.plain())
    for (const key of this.#forgottenLives) documents.push({ kind: 'alert-life', key, value: null })
    for (const alert of this.#changedLives) documents.push({ kind: 'alert-life', key: alert.id, value: alert.life })
    const groups = this.#groups.changes()
    documents.push(...groups.documents, ...this.#silences.changes(), ...this.#risk.changes())
    this.#changedAlerts = new Set()
    this.#changedLives = new Set()
    this.#forgottenLives = new Set()
    return { alerts, notifications: groups.notifications, documents }
  }

  /** An alert that is open, or has ended and is not yet told; others are in the store. */
  get(id: string): Alert | undefined {
    return this.#dedupe.get(id)?.plain()
  }

  /** Alerts that fire, oldest first. */
  open(): readonly Alert[] {
    const alerts = Array.from(this.#dedupe.firing(), (alert) => alert.plain())
    return alerts.sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1))
  }

  /** Silences in force, and those that ended in the last five days. */
  silences(): readonly Silence[] {
    return this.#silences.all()
  }

  figures(): AlertFigures {
    return {
      open: this.#dedupe.openCount,
      groups: this.#groups.size,
      silences: this.#silences.all().length,
      riskKeys: this.#risk.keys,
      riskEvicted: this.#risk.evicted,
    }
  }

  /** Somebody looks into it: the alert is no longer repeated. */
  acknowledge(id: string, by: string, now: number): Alert {
    const alert = this.#commanded(id, by, now)
    if (alert.acknowledgedBy !== undefined && alert.acknowledgedBy !== by)
      throw new RefusedError(`the alert ${id} is already acknowledged by ${alert.acknowledgedBy}`)
    if (alert.acknowledgedBy === undefined) this.#change(alert, (changed) => (changed.acknowledgedBy = by))
    return alert.plain()
  }

  /** A person ends it; the next finding about the same thing opens a new alert. */
  resolve(id: string, by: string, now: number): Alert {
    const alert = this.#commanded(id, by, now)
    this.#end(alert, this.#now, by)
    return alert.plain()
  }

  /** Mutes what matches, until its end: author, comment, an end within 90 days and a matcher are required. */
  silence(request: SilenceRequest, now: number): Silence {
    this.advance(now)
    const silence = this.#silences.add(request, this.#now)
    this.#queue.touch(`silence ${silence.id}`)
    for (const alert of this.#dedupe.firing()) this.#resilence(alert, this.#now)
    return silence
  }

  expireSilence(id: string, by: string, now: number): Silence {
    requireName(by)
    this.advance(now)
    const silence = this.#silences.expire(id, this.#now)
    this.#queue.touch(`silence ${id}`)
    this.advance(this.#now)
    return silence
  }

  #commanded(id: string, by: string, now: number): OpenAlert {
    requireName(by)
    this.advance(now)
    const alert = this.#dedupe.get(id)
    if (!alert) throw new RefusedError(`there is no open alert ${id}`)
    if (!alert.isFiring) throw new RefusedError(`the alert ${id} is already resolved`)
    return alert
  }

  #takeOne(finding: Finding, now: number): void {
    const place = this.#dedupe.place(finding)
    const alert = place.alert ?? this.#open(place, finding, now)
    const joined = alert.join(finding)
    if (joined !== undefined) this.#risk.add(joined, alert.level, now)
    alert.add(finding, now, Math.max(0, ...alert.principals.map((principal) => this.#risk.of(principal, now))))
    this.#changedAlerts.add(alert)
    this.#changedLives.add(alert)
    if (joined !== undefined) this.#rejoin(alert, now)
  }

  /** Somebody is in it who was not: it is looked at anew who mutes it and whom it mutes, and receivers hear of it. */
  #rejoin(alert: OpenAlert, now: number): void {
    this.#unseat(alert, now)
    this.#inhibitor.add(alert)
    this.#resilence(alert, now)
    this.#groups.grew(alert, now)
    this.#queue.touch(`group ${alert.group}`)
  }

  #unseat(alert: OpenAlert, now: number): void {
    for (const freed of this.#inhibitor.remove(alert.id)) {
      const target = this.#dedupe.get(freed)
      if (target) this.#touchGroup(target, now)
    }
  }

  #open(place: Place, finding: Finding, now: number): OpenAlert {
    const id = alertIdOf(place.fingerprint, finding.event.id)
    const alert = OpenAlert.open({ ...place, id }, finding, now, this.#config.maxOpenPerRule)
    const earlier = this.#dedupe.get(id)
    if (earlier) this.#forget(earlier)
    alert.silencedBy = this.#silences.silencing(alert, now)
    for (const principal of alert.principals) this.#risk.add(principal, alert.level, now)
    this.#admit(alert, now)
    this.#groups.changed(alert, now, alert.level === 'critical')
    this.#queue.touch(`group ${alert.group}`)
    this.#queue.touch(`resolve ${alert.id}`)
    return alert
  }

  /** True when it went into the group of its labels, and not into one it was already in. */
  #admit(alert: OpenAlert, now: number): boolean {
    this.#dedupe.admit(alert)
    if (alert.isFiring) this.#inhibitor.add(alert)
    return this.#groups.join(alert, now)
  }

  /** Without its life or group, which a damaged store may have lost, an alert goes on from its last event, untold. */
  #readmit(stored: Alert, life: Life): void {
    const alert = OpenAlert.restore(stored, life, this.#config.maxOpenPerRule)
    if (!this.#admit(alert, life.seenAt)) return
    this.#groups.changed(alert, life.seenAt)
    this.#changedLives.add(alert)
  }

  #touchGroup(alert: OpenAlert, now: number): void {
    this.#groups.changed(alert, now)
    this.#queue.touch(`group ${alert.group}`)
  }

  #change(alert: OpenAlert, apply: (alert: OpenAlert) => void): void {
    alert.change(apply)
    this.#changedAlerts.add(alert)
  }

  #resilence(alert: OpenAlert, now: number): void {
    const silencedBy = this.#silences.silencing(alert, now)
    if (silencedBy === alert.silencedBy) return
    this.#change(alert, (changed) => (changed.silencedBy = silencedBy))
    this.#touchGroup(alert, now)
  }

  #dueOf(key: string): number | undefined {
    const [kind, id] = split(key)
    if (kind === 'group') return this.#groups.dueAt(id)
    if (kind === 'silence') return this.#silences.dueAt(id)
    const alert = this.#dedupe.get(id)
    return alert?.isFiring ? resolvesAt(alert, this.#config.resolveAfterMs) : undefined
  }

  #run(key: string, at: number): void {
    const [kind, id] = split(key)
    if (kind === 'group') for (const alert of this.#groups.due(id, at, this.#now)) this.#forget(alert)
    else if (kind === 'silence') this.#endSilence(id, at)
    else this.#timeOut(id, at)
  }

  /** The quiet time is over. Whoever should have heard of the alert hears of it before it ends. */
  #timeOut(id: string, at: number): void {
    const alert = this.#dedupe.get(id)
    if (!alert) return
    if (this.#groups.owes(alert)) for (const ended of this.#groups.flush(alert.group, at)) this.#forget(ended)
    this.#end(alert, at)
    this.#queue.touch(`group ${alert.group}`)
  }

  #end(alert: OpenAlert, at: number, by?: string): void {
    this.#change(alert, (changed) => {
      changed.state = 'resolved'
      changed.endedAt = Math.max(at, changed.lastAt)
      changed.resolvedBy = by
    })
    this.#changedLives.add(alert)
    this.#dedupe.close(alert)
    this.#touchGroup(alert, at)
    this.#unseat(alert, at)
  }

  #endSilence(id: string, at: number): void {
    if (!this.#silences.due(id)) return
    for (const alert of this.#dedupe.firing()) if (alert.silencedBy === id) this.#resilence(alert, at)
  }

  #forget(alert: OpenAlert): void {
    this.#dedupe.forget(alert)
    this.#groups.leave(alert)
    this.#changedLives.delete(alert)
    this.#forgottenLives.add(alert.id)
  }

  /** The clock went back (or this is the first look at it): no time that was noted lies in the future. */
  #rewind(now: number): void {
    for (const alert of this.#dedupe.firing()) {
      if (alert.seenAt <= now) continue
      alert.seenAt = now
      this.#changedLives.add(alert)
    }
    this.#groups.rewind(now)
    this.#silences.rewind(now)
    this.#risk.rewind(now)
    this.#requeue()
  }

  #requeue(): void {
    this.#queue.clear()
    for (const key of this.#groups.keys()) this.#queue.touch(`group ${key}`)
    for (const { id } of this.#silences.all()) this.#queue.touch(`silence ${id}`)
    for (const alert of this.#dedupe.firing()) this.#queue.touch(`resolve ${alert.id}`)
  }

  #isChanged(): boolean {
    return (
      this.#changedAlerts.size > 0 ||
      this.#changedLives.size > 0 ||
      this.#forgottenLives.size > 0 ||
      this.#groups.isChanged ||
      this.#silences.isChanged ||
      this.#risk.isChanged
    )
  }
}

function split(key: string): [kind: string, id: string] {
  const at = key.indexOf(' ')
  return [key.slice(0, at), key.slice(at + 1)]
}

function requireName(by: string): void {
  if (by.trim() === '') throw new RefusedError('say who does this')
}
