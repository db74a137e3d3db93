import type { Sink } from '../contract/deliver.ts'
import type { Plugin } from '../contract/plugin.ts'
import type { SinkContext } from './context/sink-context.ts'
import { elasticsearch } from './elasticsearch/elasticsearch.ts'
import { file } from './file/file.ts'
import { webhook } from './webhook/webhook.ts'

/** Every kind of sink there is. */
export const sinks: readonly Plugin<Sink, unknown, SinkContext>[] = [file, webhook, elasticsearch]
