import type { Inference } from '../../contract/event.ts'

/** What is counted in each bucket. Cost is counted in hundredths of a cent. */
export const FEATURES = ['requests', 'tokens', 'errors', 'cost'] as const
export type Feature = (typeof FEATURES)[number]

/** Steps of the scale on which amounts are compared, for each doubling: one step is 9 %. */
const STEPS = 8
/** Steps for each unit of the natural logarithm. */
export const STEPS_PER_E = STEPS / Math.LN2
export const HIGHEST_LEVEL = 255

const COST_UNITS_PER_USD = 10_000
/** No single request counts for more: a wrong number in one record must not drown everything else. */
const MOST_PER_REQUEST = 1e9

/** What one request adds, feature by feature. Missing, negative and impossible numbers add nothing. */
export function amountIn(inference: Inference, feature: number): number {
  if (feature === 0) return 1
  if (feature === 1) return counted(inference.inputTokens) + counted(inference.outputTokens)
  if (feature === 2) return inference.ok ? 0 : 1
  return counted(inference.costUsd) * COST_UNITS_PER_USD
}

/** 8 log2(1 + amount): 0 for nothing, 8 for one, 255 at 4e9. */
export function levelOf(amount: number): number {
  return STEPS * Math.log2(1 + amount)
}

export function amountAt(level: number): number {
  return 2 ** (level / STEPS) - 1
}

/** The level as it is remembered: a whole number in a byte. */
export function rememberedLevel(amount: number): number {
  return Math.min(HIGHEST_LEVEL, Math.round(levelOf(amount)))
}

/** The amount in the unit that a person expects: cost in US dollars. */
export function inPublicUnit(feature: Feature, amount: number): number {
  return feature === 'cost' ? amount / COST_UNITS_PER_USD : amount
}

function counted(value: number | undefined): number {
  return value !== undefined && value > 0 && value < MOST_PER_REQUEST ? value : 0
}
