import type { Features, FourierPlan, Matrix } from '../../../contract/compute.ts'
import { transformChecked } from '../plan/fourier.ts'
import { fourierNumbers, type FourierNumbers } from '../plan/plan.ts'
import { LEAST_WIDTH, MOST_WIDTH } from './hadamard.ts'
import { chunksOf, rangesOf, type Range } from './ranges.ts'
import { featuresScratch, type FeaturesTask } from './tasks.ts'
import type { Bench, Caller } from './wasm.ts'

const LANES = 4
/** Multiply-adds that take as long as a feature's cosine, besides those of its three rounds. */
const COSINE_WORK = 24

/** A plan's numbers with those of four blocks side by side. */
interface Interleaved {
  readonly groups: number
  readonly signs: Float32Array
  readonly turns: Float32Array
  readonly phases: Float32Array
}

const known = new WeakMap<FourierNumbers, Interleaved>()

export async function transformRows(
  caller: Caller,
  inputs: Matrix,
  plan: FourierPlan,
  into?: Int8Array,
): Promise<Features> {
  const numbers = fourierNumbers(plan)
  const { rows, columns } = inputs
  const values = into ?? new Int8Array(rows * plan.features)
  if (numbers.width < LEAST_WIDTH || numbers.width > MOST_WIDTH)
    for (let row = 0; row < rows; row++)
      transformChecked(
        numbers,
        inputs.values.subarray(row * columns, (row + 1) * columns),
        values.subarray(row * plan.features, (row + 1) * plan.features),
      )
  else
    for (const chunk of chunksOf(rows, columns * 4 + plan.features)) {
      const work = (chunk.to - chunk.from) * plan.features * (3 * Math.log2(numbers.width) + COSINE_WORK)
      await caller.work(work, (bench) => transform(bench, inputs, chunk, numbers, plan.features, values))
    }
  return { rows, columns: plan.features, values }
}

async function transform(
  { desk, parts, run }: Bench,
  inputs: Matrix,
  chunk: Range,
  numbers: FourierNumbers,
  features: number,
  values: Int8Array,
): Promise<void> {
  const { width } = numbers
  const { groups, signs, turns, phases } = interleaved(numbers)
  const { columns } = inputs
  const count = chunk.to - chunk.from
  const stride = groups * LANES * width
  const plan = { columns, width, groups, signs: desk.put(signs), turns: desk.put(turns), phases: desk.put(phases) }
  const at = desk.put(inputs.values.subarray(chunk.from * columns, chunk.to * columns))
  const out = desk.take(count * stride)
  const tasks = rangesOf(count, parts, 1).map((range): FeaturesTask => ({
    kind: 'features',
    ...plan,
    ...range,
    inputs: at,
    out,
    scratch: desk.take(featuresScratch(width)),
  }))
  await run(tasks)
  const { i8 } = desk.core
  if (stride === features) values.set(i8.subarray(out, out + count * stride), chunk.from * features)
  else
    for (let row = 0; row < count; row++) {
      const from = out + row * stride
      values.set(i8.subarray(from, from + features), (chunk.from + row) * features)
    }
}

/** Missing blocks of the last four have signs of 0. */
function interleaved(numbers: FourierNumbers): Interleaved {
  const done = known.get(numbers)
  if (done) return done
  const { width, blocks } = numbers
  const groups = Math.ceil(blocks / LANES)
  const signs = new Float32Array(groups * 3 * width * LANES)
  const phases = new Float32Array(groups * width * LANES)
  for (let block = 0; block < blocks; block++) {
    const [group, lane] = [Math.floor(block / LANES), block % LANES]
    for (let at = 0; at < width; at++) {
      phases[(group * width + at) * LANES + lane] = numbers.phases[block * width + at] ?? 0
      for (let round = 0; round < 3; round++)
        signs[((group * 3 + round) * width + at) * LANES + lane] = numbers.signs[(block * 3 + round) * width + at] ?? 0
    }
  }
  const turns = new Float32Array(groups * LANES)
  turns.set(numbers.turns)
  const made = { groups, signs, turns, phases }
  known.set(numbers, made)
  return made
}
