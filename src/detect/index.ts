import type { DetectorPlugin } from '../contract/detect.ts'
import { deltaSimilarity } from './adversarial/delta-similarity/delta-similarity.ts'
import { nearDuplicates } from './adversarial/near-duplicates/near-duplicates.ts'
import { apiAbuse } from './extraction/api-abuse/api-abuse.ts'
import { classDistance } from './extraction/class-distance/class-distance.ts'
import { queryDistribution } from './extraction/distribution/distribution.ts'
import { accountLinkage } from './extraction/linkage/linkage.ts'
import { syntheticQueries } from './extraction/synthetic/synthetic.ts'
import { unfamiliarText } from './extraction/unfamiliar/unfamiliar.ts'
import { canaries } from './leaks/canaries/canaries.ts'
import { pii } from './leaks/pii/pii.ts'
import { secrets } from './leaks/secrets/secrets.ts'
import { divergence } from './output/divergence/divergence.ts'
import { outputDistribution } from './output/distribution/output-distribution.ts'
import { outcomeRates } from './output/outcome-rates/outcome-rates.ts'
import { usage } from './usage/usage.ts'

/** Every detector there is. A new one is a folder and a line here. */
export const detectors: readonly DetectorPlugin<unknown>[] = [
  apiAbuse,
  queryDistribution,
  unfamiliarText,
  accountLinkage,
  syntheticQueries,
  classDistance,
  nearDuplicates,
  deltaSimilarity,
  secrets,
  pii,
  canaries,
  outcomeRates,
  divergence,
  outputDistribution,
  usage,
]
