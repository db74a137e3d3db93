import { hash } from 'node:crypto'
import type { Score } from '../contract/detect.ts'
import type { Event } from '../contract/event.ts'
import type { Finding } from '../contract/rules.ts'
import { base32 } from '../runtime/base32.ts'
import { SEALED, sealOf, valueAt } from './seal.ts'

/** The group-by fields of a rule and their values in a finding, whole; what is not there is empty. Never a clear identity. */
export type GroupValues = readonly (readonly [name: string, value: string])[]

/** sha256, hex, over the rule's id and its group-by values sorted by name: the same for everything one alert is about. */
export function fingerprintOf(rule: string, values: GroupValues): string {
  return hash('sha256', JSON.stringify([rule, values.toSorted(([a], [b]) => (a < b ? -1 : 1))]))
}

/** The fingerprint of the one alert that counts what a rule finds beyond its limit. */
export function overflowFingerprint(rule: string): string {
  return hash('sha256', JSON.stringify([rule, 'overflow']))
}

/** 26 characters of base32 over the fingerprint and the first event's id: replays give the same ids. */
export function alertIdOf(fingerprint: string, firstEvent: string): string {
  return base32(hash('sha256', `${fingerprint}\n${firstEvent}`, 'buffer'), 26)
}

/**
 * Who a finding is about. A score over a window is about the principal it names or about nobody: whoever sent the
 * window's last event need not be the one it is about.
 */
export function principalOf({ event, score }: Finding): string | undefined {
  if (!score) return event.principal
  return score.principal ?? (score.window ? undefined : event.principal)
}

export function groupValuesOf(finding: Finding): GroupValues {
  return finding.rule.groupBy.map((name) => [name, groupValue(finding, name)])
}

/** The record's own field first, then the ECS field; for a score those of the score, then of the event it is on. */
function groupValue(finding: Finding, name: string): string {
  if (name === 'principal') return principalOf(finding) ?? ''
  const { event, score } = finding
  const field = finding.groupFields?.[name] ?? name
  const own = (score && ofScore(score, field)) ?? valueIn(event, field)
  return own ?? (score && score.event !== event ? valueIn(score.event, name) : undefined) ?? ''
}

/** What rules see of a score by that name: a detail of its explanation, its detector or its direction. */
function ofScore({ explain, detector, direction }: Score, name: string): string | undefined {
  return scalar(valueAt({ ...explain, detector, direction }, name))
}

function valueIn(event: Event, name: string): string | undefined {
  const value = scalar(valueAt(event.fields, name))
  if (value === undefined) return scalar(Object.hasOwn(event.ecs, name) ? event.ecs[name] : undefined)
  const seal = sealOf(name, event.sealed)
  if (seal === undefined) return value
  return seal === 'identity' ? (event.principal ?? SEALED) : SEALED
}

function scalar(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (!Array.isArray(value)) return undefined
  const parts = value.map(scalar).filter((part) => part !== undefined)
  return parts.length === 0 ? undefined : parts.join(',')
}
