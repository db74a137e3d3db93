import type { Level } from '../contract/rules.ts'
import type { DocumentChange } from '../contract/store.ts'

const WEIGHTS = { informational: 0, low: 5, medium: 20, high: 45, critical: 75 } as const satisfies Record<
  Level,
  number
>
const HALF_LIFE_MS = 24 * 3_600_000
const KEPT_SHARE = 0.9

interface Standing {
  readonly risk: number
  readonly at: number
}

/** What one alert of a level weighs, 0…100. */
export function weightOf(level: Level): number {
  return WEIGHTS[level]
}

/**
 * How suspect each principal is, 0…100, halving every 24 hours. Alerts add as independent doubts do,
 * r' = 100(1 - (1 - r/100)(1 - w/100)), so that 100 is never passed. Bounded: beyond `cap` principals the least
 * suspect tenth is forgotten.
 */
export class Risk {
  readonly #cap: number
  readonly #standings = new Map<string, Standing>()
  readonly #changed = new Set<string>()
  #evicted = 0

  constructor(cap: number) {
    this.#cap = cap
  }

  get keys(): number {
    return this.#standings.size
  }

  /** Principals forgotten for want of room, since the start. */
  get evicted(): number {
    return this.#evicted
  }

  of(principal: string | undefined, now: number): number {
    const standing = principal === undefined ? undefined : this.#standings.get(principal)
    if (!standing) return 0
    return standing.risk * 2 ** (-Math.max(0, now - standing.at) / HALF_LIFE_MS)
  }

  /** One more alert about this principal. */
  add(principal: string, level: Level, now: number): void {
    const weight = weightOf(level)
    if (weight === 0) return
    const risk = 100 * (1 - (1 - this.of(principal, now) / 100) * (1 - weight / 100))
    this.#standings.set(principal, { risk, at: now })
    this.#changed.add(principal)
    if (this.#standings.size > this.#cap) this.#evict(now)
  }

  /** The clock went back: no standing lies in the future. */
  rewind(now: number): void {
    for (const [principal, standing] of this.#standings) {
      if (standing.at <= now) continue
      this.#standings.set(principal, { risk: standing.risk, at: now })
      this.#changed.add(principal)
    }
  }

  restore(documents: Iterable<{ readonly key: string; readonly value: Standing }>): void {
    for (const { key, value } of documents) this.#standings.set(key, value)
  }

  changes(): DocumentChange[] {
    const changes = [...this.#changed].map((key) => ({ kind: 'risk', key, value: this.#standings.get(key) ?? null }))
    this.#changed.clear()
    return changes
  }

  get isChanged(): boolean {
    return this.#changed.size > 0
  }

  /** In bulk, and ordered by risk and name alone, so that a restart forgets the same ones. */
  #evict(now: number): void {
    const ranked = [...this.#standings.keys()]
      .map((principal) => ({ principal, risk: this.of(principal, now) }))
      .sort((a, b) => a.risk - b.risk || (a.principal < b.principal ? -1 : 1))
    for (const { principal } of ranked.slice(0, ranked.length - Math.floor(this.#cap * KEPT_SHARE))) {
      this.#standings.delete(principal)
      this.#changed.add(principal)
      this.#evicted++
    }
  }
}
