import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { sharedData } from './shared-data.ts'

/** Pixels of one image: 28 × 28, row by row. */
export const PIXELS = 784

export interface Images {
  readonly count: number
  /** `count * PIXELS` values in [0, 1]. */
  readonly pixels: Float32Array
  /** 0 to 9. */
  readonly labels: Uint8Array
}

/** The public digits beside the project: 20,000 to train on, 5,000 to test on. */
export function readMnist(part: 'train' | 'test'): Images {
  const bytes = gunzipSync(readFileSync(sharedData('mnist', `${part}-images.u8.gz`)))
  const labels = Uint8Array.from(gunzipSync(readFileSync(sharedData('mnist', `${part}-labels.u8.gz`))))
  return { count: labels.length, pixels: Float32Array.from(bytes, (value) => value / 255), labels }
}

/** One image; a view, not a copy. */
export function imageOf(images: Images, index: number): Float32Array {
  return images.pixels.subarray(index * PIXELS, (index + 1) * PIXELS)
}
