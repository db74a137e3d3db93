import type { Notification } from '../contract/alert.ts'
import type { DocumentChange } from '../contract/store.ts'
import type { AlertConfig } from './config.ts'
import { Group, groupKeyOf, notificationsOf } from './group.ts'
import type { StoredGroup } from './group.ts'
import { labelOf } from './matcher.ts'
import type { OpenAlert } from './open-alert.ts'

/** All groups, their notifications and their documents (kind `group`). Each open or untold alert is in exactly one. */
export class Groups {
  readonly #config: AlertConfig
  readonly #isMuted: (alert: OpenAlert) => boolean
  readonly #groups = new Map<string, Group<OpenAlert>>()
  #changed = new Set<string>()
  #notifications: Notification[] = []

  constructor(config: AlertConfig, isMuted: (alert: OpenAlert) => boolean) {
    this.#config = config
    this.#isMuted = isMuted
  }

  /** Puts the alert into the group it names, or into that of its labels, which is founded if need be. True for the latter. */
  join(alert: OpenAlert, now: number): boolean {
    const named = this.#groups.get(alert.group)
    named?.members.add(alert)
    if (named) return false
    const labels = Object.fromEntries(this.#config.groupBy.map((name) => [name, labelOf(alert, name)]))
    alert.group = groupKeyOf(labels)
    const group = this.#groups.get(alert.group) ?? new Group<OpenAlert>(alert.group, labels, this.#config, now)
    this.#groups.set(alert.group, group)
    group.members.add(alert)
    return true
  }

  leave(alert: OpenAlert): void {
    this.#groups.get(alert.group)?.members.delete(alert)
  }

  /** The alert came, ended, or was muted or freed. `isUrgent` does not wait for a tick. */
  changed(alert: OpenAlert, now: number, isUrgent = false): void {
    this.#groups.get(alert.group)?.changed(now, isUrgent)
    this.#changed.add(alert.group)
  }

  /** Somebody has joined the alert: receivers that know of it hear of it again. */
  grew(alert: OpenAlert, now: number): void {
    this.#groups.get(alert.group)?.grew(alert.id, now)
    this.#changed.add(alert.group)
  }

  /** Whether receivers have yet to hear of this alert. */
  owes(alert: OpenAlert): boolean {
    return !this.#isMuted(alert) && !this.#groups.get(alert.group)?.knows(alert.id)
  }

  dueAt(key: string): number | undefined {
    return this.#groups.get(key)?.dueAt
  }

  /** The group has become due. Gives the alerts that ended and need no longer be held. */
  due(key: string, at: number, now: number): readonly OpenAlert[] {
    if (!this.#groups.get(key)?.skipMissedRepeats(now)) return this.flush(key, at)
    this.#changed.add(key)
    return []
  }

  /** Tells about the group if there is something to tell. Gives the alerts that ended and need no longer be held. */
  flush(key: string, at: number): readonly OpenAlert[] {
    const group = this.#groups.get(key)
    if (!group) return []
    const telling = group.flush(at, this.#isMuted)
    if (telling) {
      const alerts = telling.members.map((alert) => alert.plain())
      this.#notifications.push(...notificationsOf(group, telling.kind, alerts, at))
    }
    const ended = [...group.members].filter((alert) => !alert.isFiring)
    for (const alert of ended) group.members.delete(alert)
    this.#changed.add(key)
    if (group.members.size === 0) this.#groups.delete(key)
    return ended
  }

  rewind(now: number): void {
    for (const [key, group] of this.#groups) if (group.rewind(now)) this.#changed.add(key)
  }

  restore(documents: Iterable<{ readonly key: string; readonly value: StoredGroup }>): void {
    for (const { key, value } of documents) this.#groups.set(key, Group.restore(key, value, this.#config))
  }

  /** After a restart: groups whose alerts are gone. */
  dropEmpty(): void {
    for (const [key, group] of this.#groups) {
      if (group.members.size > 0) continue
      this.#groups.delete(key)
      this.#changed.add(key)
    }
  }

  keys(): IterableIterator<string> {
    return this.#groups.keys()
  }

  get size(): number {
    return this.#groups.size
  }

  get isChanged(): boolean {
    return this.#changed.size > 0
  }

  /** What happened since the last call. A notification never comes without a change of its group. */
  changes(): { readonly notifications: readonly Notification[]; readonly documents: readonly DocumentChange[] } {
    const documents = [...this.#changed].map((key) => ({
      kind: 'group',
      key,
      value: this.#groups.get(key)?.stored() ?? null,
    }))
    const notifications = this.#notifications
    this.#changed = new Set()
    this.#notifications = []
    return { notifications, documents }
  }
}
