import type { Event, Inference } from '../../contract/event.ts'
import { TEXT_COLUMNS, writeText } from './text.ts'

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

/** What a long vector is folded into, on its way to where it is wanted. */
const fold = new Float64Array(VECTOR_COLUMNS)

/** Columns of the feature vectors of this kind. */
export function columnsOf(spec: FeatureSpec): number {
  return spec.kind === 'text' ? TEXT_COLUMNS : Math.min(spec.columns, VECTOR_COLUMNS)
}

/** One request as a vector of length 1, or in a word why not. Throws nothing, whatever the request holds. */
export function featuresOf(event: Event, spec: FeatureSpec): Float32Array | Featureless {
  if (!event.inference) return spec.kind === 'text' ? 'no-text' : 'no-vector'
  const values = new Float32Array(columnsOf(spec))
  return writeFeatures(event.inference, spec, values, 0) ?? values
}

/** The same, written to `out` from `at` on: many of them in one piece of memory. Undefined says that it is there. */
export function writeFeatures(
  { prompt, features }: Inference,
  spec: FeatureSpec,
  out: Float32Array,
  at: number,
): Featureless | undefined {
  if (spec.kind === 'vector') return writeVector(features, spec, out, at)
  if (prompt === undefined) return 'no-text'
  return writeText(prompt, spec.seed, out, at) ? undefined : 'empty-text'
}

/** Columns of the telemetry's own vector, 0 where there is a prompt only, undefined where there is neither. */
export function columnsIn(event: Event): number | undefined {
  const { features, prompt } = event.inference ?? {}
  if (features && features.length > 0) return features.length
  return prompt === undefined ? undefined : 0
}

function writeVector(
  features: Float32Array | undefined,
  { columns, seed }: { readonly columns: number; readonly seed: number },
  out: Float32Array,
  at: number,
): Featureless | undefined {
  if (!features || features.length === 0) return 'no-vector'
  if (features.length !== columns) return 'other-columns'
  let largest = 0
  for (let i = 0; i < columns; i++) {
    const size = Math.abs(features[i] ?? 0)
    if (!Number.isFinite(size)) return 'not-finite'
    if (size > largest) largest = size
  }
  if (largest === 0) return 'zero-vector'
  return writeNormalized(columns > VECTOR_COLUMNS ? folded(features, seed) : features, largest, out, at)
}

/** Divided by the largest size first, since a float's square may be none. */
function writeNormalized(
  values: Float32Array | Float64Array,
  largest: number,
  out: Float32Array,
  at: number,
): Featureless | undefined {
  let squared = 0
  for (let i = 0; i < values.length; i++) squared += ((values[i] ?? 0) / largest) ** 2
  if (squared === 0) return 'zero-vector'
  const scale = 1 / Math.sqrt(squared)
  for (let i = 0; i < values.length; i++) out[at + i] = ((values[i] ?? 0) / largest) * scale
  return undefined
}

function folded(features: Float32Array, seed: number): Float64Array {
  fold.fill(0)
  for (let i = 0; i < features.length; i++) {
    let hash = Math.imul((i + 1) ^ seed, 0x7feb352d)
    hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b)
    hash ^= hash >>> 16
    const at = hash & (VECTOR_COLUMNS - 1)
    const value = features[i] ?? 0
    fold[at] = (fold[at] ?? 0) + (hash < 0 ? -value : value)
  }
  return fold
}
