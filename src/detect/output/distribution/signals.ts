import type { Inference } from '../../../contract/event.ts'

/** What is watched of answers: what the model says of its own certainty, then how far the vector lies from the reference. */
export const SIGNALS = [
  'confidence',
  'entropy',
  'energy',
  'log_probability',
  'mahalanobis',
  'neighbour_distance',
  'reconstruction_error',
] as const
export type Signal = (typeof SIGNALS)[number]

/** Shares that add up to this much of one are probabilities; everything else is logits. */
const SUM_TOLERANCE = 1e-3

/** The signals that one request has of itself; undefined where the telemetry does not bring them or a number is not finite. */
export function certaintyOf({ confidences, tokenLogprobs }: Inference): readonly (number | undefined)[] {
  const told = confidences === undefined || confidences.length < 2 ? undefined : classesOf(confidences)
  return [told?.confidence, told?.entropy, told?.energy, meanOf(tokenLogprobs)]
}

interface Classes {
  /** The largest probability: Hendrycks and Gimpel 2017 (arXiv 1610.02136). */
  readonly confidence: number
  /** Of the probabilities, in nats. */
  readonly entropy: number
  /** -logsumexp of the logits: Liu et al. 2020 (arXiv 2010.03759), T = 1. Undefined for probabilities, where it says nothing. */
  readonly energy: number | undefined
}

function classesOf(values: Float32Array): Classes | undefined {
  let [largest, sum] = [-Infinity, 0]
  let areShares = true
  for (const value of values) {
    if (!Number.isFinite(value)) return undefined
    if (value < 0 || value > 1) areShares = false
    largest = Math.max(largest, value)
    sum += value
  }
  areShares &&= Math.abs(sum - 1) <= SUM_TOLERANCE
  if (areShares) {
    let entropy = 0
    for (const value of values) if (value > 0) entropy -= value * Math.log(value)
    return { confidence: largest, entropy, energy: undefined }
  }
  let total = 0
  for (const value of values) total += Math.exp(value - largest)
  let entropy = 0
  for (const value of values) {
    const share = Math.exp(value - largest) / total
    if (share > 0) entropy -= share * Math.log(share)
  }
  return { confidence: 1 / total, entropy, energy: -(largest + Math.log(total)) }
}

function meanOf(values: Float32Array | undefined): number | undefined {
  if (values === undefined || values.length === 0) return undefined
  let sum = 0
  for (const value of values) sum += value
  return Number.isFinite(sum) ? sum / values.length : undefined
}
