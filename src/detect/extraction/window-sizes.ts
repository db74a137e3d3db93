import { z } from 'zod'

/** Sizes of the windows of one caller, in requests: each a multiple of the one before. */
export const WindowSizes = z
  .array(z.int().min(16).max(65_535))
  .min(1)
  .max(4)
  .refine((sizes) => sizes.every((size, i) => i === 0 || isMultiple(size, sizes[i - 1])), {
    error: 'each window holds a multiple of the requests of the one before',
  })

export const USUAL_SIZES = [50, 200, 1_000]

function isMultiple(size: number, of = 1): boolean {
  return size > of && size % of === 0
}
