import type { Check } from '../contract/inspect.ts'
import type { Plugin } from '../contract/plugin.ts'
import { tlsPosture } from './tls-posture/tls-posture.ts'

/** Every kind of scheduled check there is. */
export const checks: readonly Plugin<Check, unknown>[] = [tlsPosture]
