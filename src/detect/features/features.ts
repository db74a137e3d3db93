import type { Event } from '../../contract/event.ts'
import { TEXT_COLUMNS, textFeatures } from './text.ts'

/**
 * How requests become vectors of one kind. `seed` says how hashing places things. It belongs to the reference that was
 * made with it, and is drawn at random with it: whoever knows it could write prompts whose hashes fall where an ordinary
 * prompt's do. It is no salt that must change, since no hash is stored: state holds sums of random projections only.
 */
export type FeatureSpec =
  | { readonly kind: 'text'; readonly seed: number }
  | { readonly kind: 'vector'; readonly seed: number; readonly columns: number }

/** Why a request has no feature vector of the kind asked for. */
export type Featureless = 'no-text' | 'empty-text' | 'no-vector' | 'other-columns' | 'not-finite' | 'zero-vector'

/** Longer vectors are folded into so many columns by signed hashing, which keeps inner products on average. */
export const VECTOR_COLUMNS = 512

interface Made {
  readonly spec: FeatureSpec
  readonly result: Float32Array | Featureless
}

const made = new WeakMap<Event, Made>()

/** Columns of the feature vectors of this kind. */
export function columnsOf(spec: FeatureSpec): number {
  return spec.kind === 'text' ? TEXT_COLUMNS : Math.min(spec.columns, VECTOR_COLUMNS)
}

/**
 * One request as a vector of length 1, or in a word why not. Remembered with the event, for detectors that ask with the
 * same kind and seed one after another; it must not be changed. Throws nothing, whatever the request holds.
 */
export function featuresOf(event: Event, spec: FeatureSpec): Float32Array | Featureless {
  const known = made.get(event)
  if (known && equal(known.spec, spec)) return known.result
  const result = spec.kind === 'text' ? fromText(event, spec.seed) : fromVector(event, spec.columns, spec.seed)
  made.set(event, { spec, result })
  return result
}

/** Columns of the telemetry's own vector, 0 where there is a prompt only, undefined where there is neither. */
export function columnsIn(event: Event): number | undefined {
  const { features, prompt } = event.inference ?? {}
  if (features && features.length > 0) return features.length
  return prompt === undefined ? undefined : 0
}

function equal(a: FeatureSpec, b: FeatureSpec): boolean {
  if (a.seed !== b.seed) return false
  return a.kind === 'text' ? b.kind === 'text' : b.kind === 'vector' && a.columns === b.columns
}

function fromText(event: Event, seed: number): Float32Array | Featureless {
  const prompt = event.inference?.prompt
  if (prompt === undefined) return 'no-text'
  return textFeatures(prompt, seed) ?? 'empty-text'
}

function fromVector(event: Event, columns: number, seed: number): Float32Array | Featureless {
  const features = event.inference?.features
  if (!features || features.length === 0) return 'no-vector'
  if (features.length !== columns) return 'other-columns'
  let largest = 0
  for (let i = 0; i < columns; i++) {
    const size = Math.abs(features[i] ?? 0)
    if (!Number.isFinite(size)) return 'not-finite'
    if (size > largest) largest = size
  }
  if (largest === 0) return 'zero-vector'
  return normalized(columns > VECTOR_COLUMNS ? folded(features, seed) : features, largest)
}

/** Divided by the largest size first, since a float's square may be none. */
function normalized(values: Float32Array | Float64Array, largest: number): Float32Array | Featureless {
  let squared = 0
  for (const value of values) squared += (value / largest) ** 2
  if (squared === 0) return 'zero-vector'
  const scale = 1 / Math.sqrt(squared)
  return Float32Array.from(values, (value) => (value / largest) * scale)
}

function folded(features: Float32Array, seed: number): Float64Array {
  const values = new Float64Array(VECTOR_COLUMNS)
  for (let i = 0; i < features.length; i++) {
    let hash = Math.imul((i + 1) ^ seed, 0x7feb352d)
    hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b)
    hash ^= hash >>> 16
    const at = hash & (VECTOR_COLUMNS - 1)
    const value = features[i] ?? 0
    values[at] = (values[at] ?? 0) + (hash < 0 ? -value : value)
  }
  return values
}
