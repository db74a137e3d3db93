import { z } from 'zod'

export const FileConfig = z.strictObject({
  /** Paths or globs (`*`, `**`, `?`, `[a-z]`, `{a,b}`). Include the rotated names: `app.log*`. */
  paths: z.array(z.string().min(1)).min(1),
  /** Globs over absolute paths that are left out. */
  exclude: z.array(z.string().min(1)).default([]),
  /** The format of the records; without it each record is recognised. */
  format: z.string().min(1).optional(),
  /** Bytes; a longer record is refused. */
  recordLimit: z
    .int()
    .min(256)
    .max(64 * 1024 * 1024)
    .default(1024 * 1024),
  /** How often to look for growth and for new files; more seldom when a look at very many files takes over a tenth of it. */
  pollMs: z.int().min(10).max(3_600_000).default(250),
  /** Where to begin with files that are there at the very first start. Later files are read from their start. */
  from: z.enum(['start', 'end']).default('start'),
  /** How long a file that was renamed away, rotated or deleted is still followed. */
  closeRotatedAfterMs: z.int().min(0).default(300_000),
  /** Take an unfinished last line as a record after it has not grown for so long. Default: never. */
  flushPartialAfterMs: z.int().min(0).optional(),
  /** A batch holds no more bytes of records, except for one record that is longer. */
  batchBytes: z
    .int()
    .min(1024)
    .max(64 * 1024 * 1024)
    .default(256 * 1024),
  /** Files in another encoding are read as UTF-8 from then on, and read again from their start after a restart. */
  encoding: z.enum(['utf-8', 'utf-16le', 'utf-16be', 'latin1']).default('utf-8'),
})
export type FileConfig = z.infer<typeof FileConfig>
