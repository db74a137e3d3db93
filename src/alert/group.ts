import { hash } from 'node:crypto'
import type { Alert, Notification, NotificationKind } from '../contract/alert.ts'
import { base32 } from '../runtime/base32.ts'
import type { AlertConfig } from './config.ts'

/** What receivers know of a group. */
export interface Told {
  /** When they were last told, or when a repeat was last found needless. */
  readonly at: number
  readonly firing: ReadonlySet<string>
  readonly resolved: ReadonlySet<string>
}

/**
 * Whether a group is told about now, and why: Alertmanager's `needsUpdate` (notify/dedup_stage.go) in the same order,
 * with ids of alerts. Never told: only if something fires. Something new fires. Nothing fires any more, and receivers
 * think something does. Something new is resolved. The repeat interval has passed. Otherwise nothing.
 */
export function needsNotification(
  told: Told | undefined,
  firing: ReadonlySet<string>,
  resolved: ReadonlySet<string>,
  now: number,
  repeatMs: number,
): NotificationKind | undefined {
  if (!told) return firing.size > 0 ? 'firing' : undefined
  if (!isWithin(firing, told.firing)) return told.firing.size === 0 ? 'firing' : 'update'
  if (firing.size === 0) return told.firing.size > 0 ? 'resolved' : undefined
  if (!isWithin(resolved, told.resolved)) return 'update'
  return now - told.at >= repeatMs ? 'repeat' : undefined
}

/** An alert as its group sees it. */
export interface Member {
  readonly id: string
  readonly isFiring: boolean
  readonly acknowledgedBy: string | undefined
}

/** How a group is stored. */
export interface StoredGroup {
  readonly labels: Readonly<Record<string, string>>
  readonly tickAt: number
  readonly dirtyAt?: number
  readonly flushes: number
  /** Alerts that somebody has joined since they were told. */
  readonly grown?: readonly string[]
  readonly told?: {
    readonly at: number
    readonly firing: readonly string[]
    readonly resolved: readonly string[]
    readonly muted: readonly string[]
  }
}

/**
 * Alerts that are told together. It may be told at its ticks only: the first comes `group_wait` after its first alert,
 * the others every `group_interval` from there. A tick is looked at when something has changed or a repeat is due.
 */
export class Group<T extends Member> {
  readonly key: string
  readonly labels: Readonly<Record<string, string>>
  readonly members = new Set<T>()
  readonly #config: AlertConfig
  /** The next tick on the grid; the others follow every `groupIntervalMs`. */
  #tickAt: number
  #dirtyAt: number | undefined
  #flushes = 0
  #told: Told | undefined
  /** Members that were muted at the last tick; counts only for those that receivers know of. */
  #muted: ReadonlySet<string> = new Set()
  /** Members that somebody has joined since receivers were told of them. */
  #grown: ReadonlySet<string> = new Set()

  constructor(key: string, labels: Readonly<Record<string, string>>, config: AlertConfig, now: number) {
    this.key = key
    this.labels = labels
    this.#config = config
    this.#tickAt = now + config.groupWaitMs
  }

  static restore<T extends Member>(key: string, stored: StoredGroup, config: AlertConfig): Group<T> {
    const group = new Group<T>(key, stored.labels, config, 0)
    group.#tickAt = stored.tickAt
    group.#dirtyAt = stored.dirtyAt
    group.#flushes = stored.flushes
    group.#grown = new Set(stored.grown)
    if (!stored.told) return group
    const { at, firing, resolved, muted } = stored.told
    group.#told = { at, firing: new Set(firing), resolved: new Set(resolved) }
    group.#muted = new Set(muted)
    return group
  }

  stored(): StoredGroup {
    const told = this.#told
    return {
      labels: this.labels,
      tickAt: this.#tickAt,
      ...(this.#dirtyAt === undefined ? {} : { dirtyAt: this.#dirtyAt }),
      flushes: this.#flushes,
      ...(this.#grown.size === 0 ? {} : { grown: [...this.#grown] }),
      ...(told === undefined
        ? {}
        : { told: { at: told.at, firing: [...told.firing], resolved: [...told.resolved], muted: [...this.#muted] } }),
    }
  }

  /** How often it has been told; part of a notification's id. */
  get flushes(): number {
    return this.#flushes
  }

  /** When it next wants a look: at the first tick after a change, or at the first at which a repeat may be due. */
  get dueAt(): number | undefined {
    if (this.#dirtyAt !== undefined) return this.#tickFrom(this.#dirtyAt)
    if (!this.#told || this.#told.firing.size === 0) return undefined
    return this.#tickFrom(this.#told.at + this.#config.repeatIntervalMs)
  }

  /** A member came, ended, or was muted or freed. `isUrgent` does not wait for a tick. */
  changed(now: number, isUrgent = false): void {
    this.#dirtyAt ??= now
    if (isUrgent) this.#tickAt = Math.min(this.#tickAt, now)
  }

  /** Somebody has joined a member. At the next tick receivers that know of it hear of it again. */
  grew(id: string, now: number): void {
    this.changed(now)
    if (this.knows(id)) this.#grown = new Set(this.#grown).add(id)
  }

  /** Whether receivers think that this alert fires. */
  knows(id: string): boolean {
    return this.#told?.firing.has(id) ?? false
  }

  /** Decides whether to tell and remembers it as told. Members that ended are no longer needed after this. */
  flush(now: number, isMuted: (member: T) => boolean): { kind: NotificationKind; members: readonly T[] } | undefined {
    this.#dirtyAt = undefined
    if (now >= this.#tickAt) this.#tickAt = now + this.#config.groupIntervalMs
    const resolved: T[] = []
    const muted: T[] = []
    const firing: T[] = []
    for (const member of this.members)
      if (member.isFiring) (isMuted(member) ? muted : firing).push(member)
      else if (this.knows(member.id)) resolved.push(member)
    this.#forgetFreed(firing)
    this.#muted = idsOf(muted)
    const kind = this.#decide(firing, resolved, now)
    this.#grown = idsOf(muted.filter(({ id }) => this.#grown.has(id)))
    if (kind === undefined) return undefined
    const stillKnown = muted.filter((member) => this.knows(member.id))
    this.#told = { at: now, firing: idsOf([...firing, ...stillKnown]), resolved: idsOf(resolved) }
    this.#flushes++
    return { kind, members: [...firing, ...resolved] }
  }

  /** After a long sleep: of several repeats that were missed only the last is told. True when some were left out. */
  skipMissedRepeats(now: number): boolean {
    const { dueAt } = this
    if (this.#dirtyAt !== undefined || dueAt === undefined || !this.#told) return false
    const missed = Math.floor((now - dueAt) / this.#config.repeatIntervalMs)
    if (missed <= 0) return false
    this.#told = { ...this.#told, at: this.#told.at + missed * this.#config.repeatIntervalMs }
    return true
  }

  /** The clock went back: nothing waits longer than it would have. True when something had to be moved. */
  rewind(now: number): boolean {
    const before = [this.#tickAt, this.#dirtyAt, this.#told?.at]
    const { groupWaitMs, groupIntervalMs } = this.#config
    this.#tickAt = Math.min(this.#tickAt, now + Math.max(groupWaitMs, groupIntervalMs))
    if (this.#dirtyAt !== undefined) this.#dirtyAt = Math.min(this.#dirtyAt, now)
    if (this.#told && this.#told.at > now) this.#told = { ...this.#told, at: now }
    return [this.#tickAt, this.#dirtyAt, this.#told?.at].some((value, at) => value !== before[at])
  }

  /** An alert that was muted and is free again counts as new, even if it had been told before. */
  #forgetFreed(firing: readonly T[]): void {
    if (!this.#told) return
    const known = new Set(this.#told.firing)
    for (const { id } of firing) if (this.#muted.has(id)) known.delete(id)
    if (known.size < this.#told.firing.size) this.#told = { ...this.#told, firing: known }
  }

  #decide(firing: readonly T[], resolved: readonly T[], now: number): NotificationKind | undefined {
    const { repeatIntervalMs } = this.#config
    if (this.#told && firing.length + resolved.length > 0) {
      const needed = needsNotification(this.#told, idsOf(firing), idsOf(resolved), now, repeatIntervalMs)
      const hasGrown = (needed ?? 'repeat') === 'repeat' && firing.some(({ id }) => this.#grown.has(id))
      const kind = hasGrown ? 'update' : needed
      const isNeedless = kind === 'repeat' && firing.every((member) => member.acknowledgedBy !== undefined)
      if (kind !== undefined && !isNeedless) return kind
    } else if (firing.length > 0) return 'firing'
    if (this.#told && now - this.#told.at >= repeatIntervalMs) this.#told = { ...this.#told, at: now }
    return undefined
  }

  #tickFrom(at: number): number {
    if (at <= this.#tickAt) return this.#tickAt
    const { groupIntervalMs } = this.#config
    return this.#tickAt + Math.ceil((at - this.#tickAt) / groupIntervalMs) * groupIntervalMs
  }
}

const MOST_ALERTS = 50

/** The notifications of one telling: more than 50 alerts go out in several, so that none grows without bound. */
export function notificationsOf<T extends Member>(
  group: Group<T>,
  kind: NotificationKind,
  alerts: readonly Alert[],
  at: number,
): readonly Notification[] {
  const sorted = alerts.toSorted((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1))
  const parts: Notification[] = []
  for (let from = 0; from < sorted.length; from += MOST_ALERTS) {
    const part = sorted.slice(from, from + MOST_ALERTS)
    const meaning = [group.key, kind, group.flushes, part.map(({ id, state }) => [id, state])]
    const id = base32(hash('sha256', JSON.stringify(meaning), 'buffer'), 26)
    parts.push({ id, at, kind, groupKey: group.key, labels: group.labels, alerts: part })
  }
  return parts
}

/** Alertmanager's spelling of a label set: `{principal="key:ab",rule="r1"}`. */
export function groupKeyOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return `{${pairs.sort().join(',')}}`
}

function isWithin(inner: ReadonlySet<string>, outer: ReadonlySet<string>): boolean {
  return [...inner].every((id) => outer.has(id))
}

function idsOf(members: readonly Member[]): Set<string> {
  return new Set(members.map(({ id }) => id))
}
