import type { Given } from '../../contract/plugin.ts'

/** What a collector is opened with. */
export interface CollectorContext extends Given {
  /** As the last commit stored them: stream -> the collector's own JSON. */
  readonly positions: ReadonlyMap<string, string>
  /** A folder of its own below the data directory; it may not exist yet. */
  readonly directory: string
  /** Bytes it may hold in memory at once beside the batches it has handed over. */
  readonly budget?: number
  /** Read to the end of what is there now, then return: for replays. */
  readonly once?: boolean
}
