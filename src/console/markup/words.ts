import type { Alert } from '../../contract/alert.ts'
import type { Level } from '../../contract/rules.ts'
import { type Html, html } from './html.ts'

/** From the mildest. */
export const LEVELS: readonly Level[] = ['informational', 'low', 'medium', 'high', 'critical']

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `2026-01-05 12:00:00 UTC`, and how long ago or how soon that is. */
export function timeOf(at: number, now: number): Html {
  return html`<time datetime="${isoOf(at)}">${stampOf(at)}</time> <span class="ago">${hintOf(at, now)}</span>`
}

/** `2026-01-05 12:00:00 UTC`. Times that no calendar has are shown as their number. */
export function stampOf(at: number): string {
  const iso = isoOf(at)
  return iso.length === 24 ? `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC` : iso
}

/** `3 min ago`, `in 2 h`. */
export function hintOf(at: number, now: number): string {
  const distance = Math.abs(now - at)
  if (distance < 5_000) return 'just now'
  return at <= now ? `${spanOf(distance)} ago` : `in ${spanOf(distance)}`
}

/** A duration in its largest fitting unit: `40 s`, `3 min`, `5 h`, `2 d`. */
export function spanOf(ms: number): string {
  if (ms < 2 * MINUTE) return `${Math.round(ms / 1000)} s`
  if (ms < 2 * HOUR) return `${Math.round(ms / MINUTE)} min`
  if (ms < 2 * DAY) return `${Math.round(ms / HOUR)} h`
  return `${Math.round(ms / DAY)} d`
}

/** Whole numbers in groups of three, others with three significant digits, very small ones in powers of ten. */
export function numberOf(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString('en').replaceAll(',', '\u202f')
  if (Math.abs(value) >= 1000 && Math.abs(value) < 1e15) return numberOf(Math.round(value))
  if (value !== 0 && (Math.abs(value) < 0.001 || Math.abs(value) >= 1e15)) return value.toExponential(1)
  return String(Number(value.toPrecision(3)))
}

/** `1.2 GiB`. */
export function bytesOf(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let unit = 0
  let value = bytes
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`
}

/** `1 alert`, `2 alerts`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${numberOf(count)} ${count === 1 ? one : many}`
}

export function levelTag(level: Level): Html {
  return html`<span class="tag ${level}">${level}</span>`
}

/** The reason of an alert without its title, where it begins with it. */
export function saidOf({ reason, rule }: Alert): string {
  const rest = reason.startsWith(`${rule.title}: `) ? reason.slice(rule.title.length + 2) : reason
  return rest.charAt(0).toUpperCase() + rest.slice(1)
}

/** State of an alert with what people did about it. */
export function stateTags({ state, acknowledgedBy, silencedBy }: Alert): Html {
  const look = { pending: 'wait', firing: '', resolved: 'good' }[state]
  return html`<span class="tag ${look}">${state}</span
    >${acknowledgedBy !== undefined && html` <span class="tag">ack</span>`}${silencedBy !== undefined && html` <span class="tag">silenced</span>`}`
}

function isoOf(at: number): string {
  return Number.isFinite(at) && Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : String(at)
}
