import type { DetectorPlugin } from '../contract/detect.ts'
import { apiAbuse } from './extraction/api-abuse/api-abuse.ts'
import { queryDistribution } from './extraction/distribution/distribution.ts'
import { divergence } from './output/divergence/divergence.ts'
import { outputDistribution } from './output/distribution/output-distribution.ts'
import { outcomeRates } from './output/outcome-rates/outcome-rates.ts'
import { usage } from './usage/usage.ts'

/** Every detector there is. A new one is a folder and a line here. */
export const detectors: readonly DetectorPlugin<unknown>[] = [apiAbuse, queryDistribution, outcomeRates, divergence, outputDistribution, usage]
