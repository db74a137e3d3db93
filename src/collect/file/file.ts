import type { Plugin } from '../../contract/plugin.ts'
import type { Collector } from '../../contract/record.ts'
import type { CollectorContext } from '../context/collector-context.ts'
import { FileConfig } from './config.ts'
import { FileCollector } from './file-collector.ts'

/** Files and folders of files, followed through rotation and restarts, plain or gzip. */
export const file: Plugin<Collector, FileConfig, CollectorContext> = {
  kind: 'file',
  summary: 'Follows files and globs through rotation, truncation and restarts; reads gzip; any JSON layout or lines',
  needs: ['read access to the files and their folders'],
  config: FileConfig,
  examples: [
    { paths: ['/var/log/litellm/*.jsonl*'], format: 'litellm' },
    { paths: ['/var/log/cloudtrail/**/*.json.gz'], exclude: ['**/CloudTrail-Digest/**'], from: 'start' },
  ],
  open: async (config, context) => new FileCollector(config, context),
}
