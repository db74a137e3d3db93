import type { Finding } from '../contract/rules.ts'
import { fingerprintOf, groupValuesOf, overflowFingerprint } from './fingerprint.ts'
import type { GroupValues } from './fingerprint.ts'
import type { OpenAlert } from './open-alert.ts'

/** Where a finding belongs: to the open alert of its fingerprint, or, without `alert`, to one that is to be opened. */
export interface Place {
  readonly fingerprint: string
  readonly values: GroupValues
  readonly isOverflow: boolean
  readonly alert: OpenAlert | undefined
}

const MOST_CACHED = 10_000

/**
 * The alerts in memory, by id and by fingerprint. A rule has at most `limit` of them open; what it finds beyond goes
 * into one overflow alert of that rule.
 */
export class Dedupe {
  readonly #limit: number
  readonly #byId = new Map<string, OpenAlert>()
  readonly #byFingerprint = new Map<string, OpenAlert>()
  readonly #openOfRule = new Map<string, number>()
  /** Hashing is the dear part of placing a finding; emptied when full. */
  readonly #fingerprints = new Map<string, string>()

  constructor(limit: number) {
    this.#limit = limit
  }

  place(finding: Finding): Place {
    const { id } = finding.rule
    const values = groupValuesOf(finding)
    const fingerprint = this.#fingerprint(id, values)
    const alert = this.#byFingerprint.get(fingerprint)
    if (alert || (this.#openOfRule.get(id) ?? 0) < this.#limit) return { fingerprint, values, isOverflow: false, alert }
    const overflow = overflowFingerprint(id)
    return { fingerprint: overflow, values, isOverflow: true, alert: this.#byFingerprint.get(overflow) }
  }

  /** Holds the alert; while it fires, findings of its fingerprint are placed in it. */
  admit(alert: OpenAlert): void {
    this.#byId.set(alert.id, alert)
    if (!alert.isFiring) return
    this.#byFingerprint.set(alert.fingerprint, alert)
    this.#count(alert, 1)
  }

  /** The alert has ended: its next finding opens another. It is held until its group has been told. */
  close(alert: OpenAlert): void {
    if (this.#byFingerprint.get(alert.fingerprint) !== alert) return
    this.#byFingerprint.delete(alert.fingerprint)
    this.#count(alert, -1)
  }

  forget(alert: OpenAlert): void {
    this.close(alert)
    this.#byId.delete(alert.id)
  }

  get(id: string): OpenAlert | undefined {
    return this.#byId.get(id)
  }

  /** All in memory: those that fire, and those that ended and are not yet told. */
  all(): IterableIterator<OpenAlert> {
    return this.#byId.values()
  }

  firing(): IterableIterator<OpenAlert> {
    return this.#byFingerprint.values()
  }

  get openCount(): number {
    return this.#byFingerprint.size
  }

  #count(alert: OpenAlert, add: number): void {
    if (alert.isOverflow) return
    const open = (this.#openOfRule.get(alert.rule.id) ?? 0) + add
    if (open === 0) this.#openOfRule.delete(alert.rule.id)
    else this.#openOfRule.set(alert.rule.id, open)
  }

  #fingerprint(rule: string, values: GroupValues): string {
    let key = `${rule.length}:${rule}`
    for (const [name, value] of values) key += `${name.length}:${name}${value.length}:${value}`
    const known = this.#fingerprints.get(key)
    if (known !== undefined) return known
    if (this.#fingerprints.size >= MOST_CACHED) this.#fingerprints.clear()
    const fingerprint = fingerprintOf(rule, values)
    this.#fingerprints.set(key, fingerprint)
    return fingerprint
  }
}
