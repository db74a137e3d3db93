/** Bytes as a source gave them, with their position in that source. `bytes` is readable until the batch is acked. */
export interface RawRecord {
  /** The collector's name in the config. */
  readonly source: string
  /** Order holds within a stream: one generation of a file, one journal, one partition. Stable across restarts. */
  readonly stream: string
  /** Byte offset of the record's first byte in its stream (after decompression). */
  readonly offset: number
  readonly bytes: Uint8Array
  /** Epoch ms at which the record was read or accepted. */
  readonly receivedAt: number
  /** For files: the path as it was read, and the record's number in it, from 0. */
  readonly file?: string
  readonly index?: number
  /** A format named in the config; without it the normaliser recognises the record. */
  readonly format?: string
  /** Set when the collector could not frame the record: then `bytes` is its head only, and it is quarantined under this reason. */
  readonly refused?: Refusal
}

/** Why something could not be read: a stable code for metrics, and words for a person. */
export interface Refusal {
  readonly reason: string
  readonly detail: string
}

/** How far a stream has been read. `value` is the collector's own JSON; null forgets the stream. */
export interface Position {
  readonly stream: string
  readonly value: string | null
}

/** Records with the positions that are true once they are committed. The source may forget them when `ack` resolves, and not before. */
export interface Batch {
  readonly source: string
  readonly records: readonly RawRecord[]
  readonly positions: readonly Position[]
  /** Losses that are no record: a truncation, a file deleted unread. Counted and audited with the batch. */
  readonly losses?: readonly Loss[]
  ack(): void | Promise<void>
}

/** Something that was lost or may have been, named and counted. `bytes` is what is known to be missing, 0 when unknown. */
export interface Loss {
  readonly reason: string
  readonly detail: string
  readonly bytes: number
}

/**
 * Brings records in. `read` yields until `signal` aborts and then returns; it throws when the source is lost. It never
 * retries: its supervisor opens it again. A file or a broker simply stops being read when nobody asks for the next batch.
 */
export interface Collector extends AsyncDisposable {
  read(signal: AbortSignal): AsyncIterable<Batch>
  /** How far behind the collector knows it is; for metrics and the console. */
  lag(): readonly SourceLag[]
  /** Where a listening collector can be reached, for the console and for tests on port 0. */
  readonly address?: string
}

export interface SourceLag {
  readonly stream: string
  readonly file?: string
  readonly bytes: number
  readonly lastReadAt: number
}
