import type { Explanation } from '../../contract/detect.ts'
import type { Event } from '../../contract/event.ts'
import type { Bucket } from './bucket.ts'
import type { Peak } from './day.ts'
import type { Days } from './days.ts'
import { FEATURES, inPublicUnit } from './features.ts'

/** A running total higher than the reference lets expect; `typical` is its median there. */
export function explainHigh(
  event: Event,
  bucket: Bucket,
  feature: number,
  typical: number,
  bucketMinutes: number,
): Explanation {
  const name = FEATURES[feature] ?? 'requests'
  const seen = readable(inPublicUnit(name, bucket.total(feature)))
  const expected = readable(inPublicUnit(name, typical))
  const since = new Date(bucket.index * bucketMinutes * 60_000).toISOString().slice(0, 16)
  const against =
    bucket.reference === 'own'
      ? `usually ${expected} at this time of day, by ${bucket.referenceBuckets} buckets of this principal`
      : `usually ${expected} in ${bucket.referenceBuckets} first buckets of other principals (this one is still new)`
  return {
    feature: name,
    seen,
    expected,
    text: `${seen} ${name === 'cost' ? 'USD' : name} since ${since}Z (buckets of ${bucketMinutes} minutes), ${against}`,
    exemplars: [event.id],
    reference: bucket.reference,
  }
}

/** How unusual the most unusual bucket of a day was, against the days of the whole fleet. */
export function explainDay(p: number, { rung, feature, seen, typical }: Peak, events: number, days: Days): Explanation {
  const rank = `were ${readable(p * 100)} % of ${Math.round(days.days)} days of ${days.clients} principals`
  if (rung === 0)
    return {
      feature: 'requests',
      seen: events,
      expected: null,
      text: `no bucket of this day was unusual (${Math.round(days.days)} days of ${days.clients} principals are known)`,
    }
  const name = FEATURES[feature] ?? 'requests'
  const [most, usual] = [readable(inPublicUnit(name, seen)), readable(inPublicUnit(name, typical))]
  const unit = name === 'cost' ? 'USD' : name
  const text = `the most unusual bucket of this day held ${most} ${unit}, usually ${usual}: as unusual or more ${rank}`
  return { feature: name, seen: most, expected: usual, text }
}

export function explainFirstSeen(event: Event, p: number, appearances: number): Explanation {
  return {
    feature: 'principal',
    seen: 1,
    expected: readable(p),
    text: `first request of this principal; of ${appearances} appearances so far, about ${readable(p * 100)} % were of a new one`,
    exemplars: [event.id],
  }
}

export function explainLearning(learned: number, needed: number): Explanation {
  return {
    feature: 'requests',
    seen: learned,
    expected: null,
    text: `still learning what is usual: ${learned} of ${needed} buckets`,
    learning: Math.min(1, learned / needed),
  }
}

/** Three significant digits are enough to read; whole numbers stay whole. */
function readable(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))
}
