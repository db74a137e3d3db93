import type { PermutationResult, PermutationTest } from '../../../contract/compute.ts'
import { permutationP, relabellings, unbiasedMmd } from '../plan/plan.ts'
import { scaleOf } from '../scale/scale.ts'
import type { Device } from './device.ts'
import { uploadShards } from './held.ts'
import type { Shard } from './held.ts'
import { float } from './job.ts'
import { FRACTION, permuteTiles } from './permute-wgsl.ts'

const TILE = 64
/** Words of labels in one submission: 1,024 labels. */
const MOST_WORDS = 32
/** Workgroups that are aimed at. */
const WORKGROUPS = 1024
const FALLBACK_WORKGROUPS = 4
/** Sums of one submission that are read back, bytes. */
const SUM_BYTES = 32 * 1024 * 1024
/** Two sums of two words. */
const WORDS_PER_SUM = 4
/** Labels before those of the permutations: the samples as given, and all rows in the first. */
const EXTRA_LABELS = 2

/**
 * The kernel matrix passes by in tiles of 64 × 64, each used at once for all labels, and never exists as a whole. Kernel
 * values are rounded to multiples of 2^-19 and summed as 64-bit integers: the sums are exact, the same in any order, and
 * relabellings that swap equal rows tie exactly. The rounding of single values, 1e-6 at most, averages out.
 */
export async function mmdPermute(device: Device, test: PermutationTest): Promise<PermutationResult> {
  const { pooled, first, permutations } = test
  const shards = await uploadShards(device, pooled)
  try {
    const labels = permutations + EXTRA_LABELS
    const within = new Float64Array(labels)
    const withinRest = new Float64Array(labels)
    const members = labelWords(test)
    const words = Math.ceil(labels / 32)
    const step = wordsAtOnce(device, pooled.rows, shards)
    for (let from = 0; from < words; from += step) {
      const count = Math.min(step, words - from)
      const slice = sliceOf(members, words, from, count)
      for (const [at, left] of shards.entries())
        for (const right of shards.slice(0, at + 1)) {
          const sums = await pairSums(device, test, { left, right, slice, words: count })
          addSums(sums, count * 32, from * 32, within, withinRest)
        }
    }
    const total = within[1] ?? NaN
    const all = within.map((sum, label) => {
      const rest = withinRest[label] ?? NaN
      return unbiasedMmd(sum, rest, total - sum - rest, first, pooled.rows - first)
    })
    const statistic = all[0] ?? NaN
    const permuted = all.slice(EXTRA_LABELS)
    return { statistic, permuted, p: permutationP(statistic, permuted) }
  } finally {
    for (const { buffer } of shards) buffer.destroy()
  }
}

/** rows × ceil(labels / 32) words: the relabellings after the two extra labels. */
function labelWords(test: PermutationTest): Uint32Array {
  const { rows } = test.pooled
  const bits = relabellings(test)
  const given = Math.ceil(test.permutations / 32)
  const words = Math.ceil((test.permutations + EXTRA_LABELS) / 32)
  const members = new Uint32Array(rows * words)
  for (let row = 0; row < rows; row++) {
    let carried = (row < test.first ? 1 : 0) | 2
    for (let word = 0; word < words; word++) {
      const next = word < given ? (bits[row * given + word] ?? 0) : 0
      members[row * words + word] = (next << EXTRA_LABELS) | carried
      carried = next >>> (32 - EXTRA_LABELS)
    }
  }
  return members
}

function sliceOf(members: Uint32Array, words: number, from: number, count: number): Uint32Array {
  const rows = members.length / words
  const slice = new Uint32Array(rows * count)
  for (let row = 0; row < rows; row++)
    slice.set(members.subarray(row * words + from, row * words + from + count), row * count)
  return slice
}

function wordsAtOnce(device: Device, rows: number, shards: readonly Shard[]): number {
  const tiles = Math.ceil((shards[0]?.rows ?? 0) / TILE)
  const most = Math.min(SUM_BYTES, device.bindingBytes)
  const words = Math.min(MOST_WORDS, most / (tiles * 32 * WORDS_PER_SUM * 4), device.bindingBytes / (rows * 4))
  if (words < 1)
    throw new RangeError(`${rows} rows need more than the ${device.bindingBytes} bytes that this GPU binds`)
  return Math.floor(words)
}

interface Pair {
  readonly left: Shard
  readonly right: Shard
  readonly slice: Uint32Array
  readonly words: number
}

async function pairSums(device: Device, test: PermutationTest, pair: Pair): Promise<Uint32Array> {
  const { left, right, slice, words } = pair
  const { rows, columns, values } = test.pooled
  const scale = scaleOf(values)
  const tiles = Math.ceil(left.rows / TILE)
  const room = Math.floor(Math.min(SUM_BYTES, device.bindingBytes) / (tiles * words * 32 * WORDS_PER_SUM * 4))
  const wanted = Math.ceil((device.fallback ? FALLBACK_WORKGROUPS : WORKGROUPS) / tiles)
  const splits = Math.max(1, Math.min(room, wanted, Math.ceil(right.rows / TILE)))
  const pipeline = await device.pipeline(permuteTiles())
  const [read] = await device.run((job) => {
    const sums = job.storage(tiles * splits * words * 32 * WORDS_PER_SUM)
    const sharpness = test.bandwidths.map((width) => Math.min(3e38, 1 / (2 * (width * scale) ** 2)))
    const sizes = [left.rows, right.rows, left.first, right.first, rows, columns, words, splits]
    const bound = [
      job.params(...sizes, test.bandwidths.length, float(scale)),
      left.buffer,
      right.buffer,
      job.upload(slice),
      job.upload(Float32Array.from(sharpness)),
      sums,
    ]
    job.dispatch(pipeline, bound, [tiles, splits])
    return [sums]
  })
  return new Uint32Array(read ?? new ArrayBuffer(0))
}

/** Adds what the workgroups found to the sums of the labels from `first` on. */
function addSums(
  sums: Uint32Array,
  labels: number,
  first: number,
  within: Float64Array,
  withinRest: Float64Array,
): void {
  for (let at = 0; at < sums.length; at += WORDS_PER_SUM) {
    const label = first + ((at / WORDS_PER_SUM) % labels)
    if (label >= within.length) continue
    within[label] = (within[label] ?? 0) + wide(sums, at) / FRACTION
    withinRest[label] = (withinRest[label] ?? 0) + wide(sums, at + 2) / FRACTION
  }
}

function wide(sums: Uint32Array, at: number): number {
  return (sums[at] ?? 0) + (sums[at + 1] ?? 0) * 2 ** 32
}
