/** Bytes that the rows of one chunk of a call may take. */
const CHUNK_BYTES = 32 * 2 ** 20

export interface Range {
  readonly from: number
  readonly to: number
}

/** 0…count cut into at most `parts` ranges, all but the last a multiple of `unit` long. */
export function rangesOf(count: number, parts: number, unit: number): readonly Range[] {
  const length = Math.max(1, Math.ceil(count / parts / unit)) * unit
  return Array.from({ length: Math.ceil(count / length) }, (_, index) => ({
    from: index * length,
    to: Math.min(count, (index + 1) * length),
  }))
}

/** 0…count cut so that each range of items of so many bytes stays small. */
export function chunksOf(count: number, bytes: number): readonly Range[] {
  const length = Math.max(1, Math.floor(CHUNK_BYTES / bytes))
  return rangesOf(count, Math.ceil(count / length), 1)
}
