import type { Plugin } from '../contract/plugin.ts'
import type { Collector } from '../contract/record.ts'
import type { CollectorContext } from './context/collector-context.ts'
import { file } from './file/file.ts'
import { http } from './http/http.ts'

/** Every kind of collector there is. */
export const collectors: readonly Plugin<Collector, unknown, CollectorContext>[] = [file, http]
