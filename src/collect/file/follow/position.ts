import { z } from 'zod'
import type { FramerState } from '../../framing/framer.ts'

const Mark = z.object({ offset: z.number(), hash: z.string() })

/** All that is needed to go on with one generation of a file after a restart. Stored as JSON. */
export const TailPosition = z.object({
  v: z.literal(1),
  path: z.string(),
  dev: z.string(),
  ino: z.string(),
  birth: z.string(),
  /** Counts the lives of one inode: a truncation begins another. */
  generation: z.number(),
  gzip: z.boolean(),
  /** Bytes of the file when it was last looked at; for gzip: of the packed file. */
  size: z.number(),
  /** Bytes of content read (unpacked), of which the framer may hold some. */
  content: z.number(),
  /** For gzip: the size at which it was read to its end. */
  readThrough: z.number(),
  isDamaged: z.boolean(),
  marks: z.array(Mark),
  framer: z.custom<FramerState>((value) => typeof value === 'object' && value !== null && 'offset' in value),
})
export type TailPosition = z.infer<typeof TailPosition>

/** undefined: not a position of this version. */
export function parsePosition(text: string): TailPosition | undefined {
  try {
    return TailPosition.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}
