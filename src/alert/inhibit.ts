import type { InhibitRule } from './config.ts'
import { labelOf, matchesAll } from './matcher.ts'
import type { Labelled } from './matcher.ts'

interface Firing extends Labelled {
  readonly id: string
}

/** Firing alerts that agree on a rule's `equal` labels. */
interface Bucket {
  /** Sources that are no targets, and those that are both. */
  sources: number
  both: number
  readonly targets: Set<string>
}

interface Seat {
  readonly bucket: Bucket
  readonly isSource: boolean
  readonly isTarget: boolean
}

/**
 * Mutes targets while a source fires, in Alertmanager's sense: an alert that is both source and target is not muted by
 * another that is both. Labels count as they were when the alert was added.
 */
export class Inhibitor {
  readonly #rules: readonly { readonly rule: InhibitRule; readonly buckets: Map<string, Bucket> }[]
  readonly #seats = new Map<string, readonly Seat[]>()

  constructor(rules: readonly InhibitRule[]) {
    this.#rules = rules.map((rule) => ({ rule, buckets: new Map<string, Bucket>() }))
  }

  /** The alert fires. */
  add(alert: Firing): void {
    if (this.#rules.length === 0 || this.#seats.has(alert.id)) return
    const seats: Seat[] = []
    for (const { rule, buckets } of this.#rules) {
      const isSource = matchesAll(alert, rule.source)
      const isTarget = matchesAll(alert, rule.target)
      if (!isSource && !isTarget) continue
      const bucket = bucketOf(buckets, JSON.stringify(rule.equal.map((name) => labelOf(alert, name))))
      if (isSource) bucket[isTarget ? 'both' : 'sources']++
      if (isTarget) bucket.targets.add(alert.id)
      seats.push({ bucket, isSource, isTarget })
    }
    this.#seats.set(alert.id, seats)
  }

  /** The alert fires no more. Gives the ids of targets that may be free now. */
  remove(id: string): readonly string[] {
    const freed = new Set<string>()
    for (const { bucket, isSource, isTarget } of this.#seats.get(id) ?? []) {
      bucket.targets.delete(id)
      if (!isSource) continue
      bucket[isTarget ? 'both' : 'sources']--
      for (const target of bucket.targets) freed.add(target)
    }
    this.#seats.delete(id)
    return [...freed]
  }

  isInhibited(id: string): boolean {
    const seats = this.#seats.get(id)
    if (!seats) return false
    return seats.some(
      ({ bucket, isSource, isTarget }) => isTarget && (bucket.sources > 0 || (!isSource && bucket.both > 0)),
    )
  }
}

function bucketOf(buckets: Map<string, Bucket>, key: string): Bucket {
  const known = buckets.get(key)
  if (known) return known
  const bucket: Bucket = { sources: 0, both: 0, targets: new Set() }
  buckets.set(key, bucket)
  return bucket
}
