import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import type { Random } from '../../../src/contract/plugin.ts'
import { PIXELS } from '../../support/mnist.ts'

/** Sides of a victim's image, and of the smallest patch that is shrunk to it. */
const SIDE = Math.sqrt(PIXELS)
const LEAST_PATCH = 2 * SIDE
const LEAST_PHOTO = 256
/** Samples of a pixel by PNG's colour type: grey, RGB, RGBA. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 6: 4 }

/** Grey values in [0, 1], row by row. */
export interface Photograph {
  readonly width: number
  readonly height: number
  readonly grey: Float32Array
}

/** The PNG files of a folder that are large, of 8 bits and not interlaced. */
export function readPhotographs(folder: string): readonly Photograph[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.png'))
  const read = files.toSorted().map((name) => readPng(readFileSync(join(folder, name))))
  return read.filter(
    (photo) => photo !== undefined && Math.min(photo.width, photo.height) >= LEAST_PHOTO,
  ) as Photograph[]
}

/** A square of one of them, anywhere and of any size, as an image for the victim. */
export function patchOf(photos: readonly Photograph[], random: Random): Float32Array {
  const below = (count: number): number => Math.floor(random.next() * count)
  const photo = photos[below(photos.length)]
  if (!photo) throw new RangeError('there are no photographs')
  const { width, height, grey } = photo
  const size = LEAST_PATCH + below(Math.min(width, height) - LEAST_PATCH)
  const [left, top] = [below(width - size), below(height - size)]
  return Float32Array.from({ length: PIXELS }, (_, i) => {
    const [from, to] = [((i % SIDE) * size) / SIDE, (((i % SIDE) + 1) * size) / SIDE].map(Math.floor) as [
      number,
      number,
    ]
    const row = Math.floor(i / SIDE)
    let [sum, count] = [0, 0]
    for (let y = Math.floor((row * size) / SIDE); y < Math.floor(((row + 1) * size) / SIDE); y++)
      for (let x = from; x < to; x++) {
        sum += grey[(top + y) * width + left + x] ?? 0
        count++
      }
    return sum / count
  })
}

/** PNG, second edition (ISO/IEC 15948): IHDR, IDAT, and the five filters of a row. */
function readPng(file: Buffer): Photograph | undefined {
  const parts: Buffer[] = []
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at))
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)))
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)]
  const samples = SAMPLES[file.readUInt8(25)]
  if (file.readUInt8(24) !== 8 || file.readUInt8(28) !== 0 || samples === undefined) return undefined
  const bytes = unfiltered(inflateSync(Buffer.concat(parts)), width * samples, height, samples)
  const grey = Float32Array.from({ length: width * height }, (_, i) => {
    const own = bytes.subarray(i * samples, i * samples + Math.min(samples, 3))
    return own.reduce((sum, value) => sum + value, 0) / own.length / 255
  })
  return { width, height, grey }
}

function unfiltered(rows: Uint8Array, stride: number, height: number, samples: number): Uint8Array {
  const bytes = new Uint8Array(stride * height)
  const valueAt = (row: number, x: number): number => (row < 0 || x < 0 ? 0 : (bytes[row * stride + x] ?? 0))
  for (let row = 0; row < height; row++) {
    const filter = rows[row * (stride + 1)] ?? 0
    for (let x = 0; x < stride; x++) {
      const [left, up, corner] = [valueAt(row, x - samples), valueAt(row - 1, x), valueAt(row - 1, x - samples)]
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0
      bytes[row * stride + x] = (rows[row * (stride + 1) + 1 + x] ?? 0) + guess
    }
  }
  return bytes
}

function paeth(left: number, up: number, corner: number): number {
  const [byLeft, byUp, byCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)]
  if (byLeft <= byUp && byLeft <= byCorner) return left
  return byUp <= byCorner ? up : corner
}
