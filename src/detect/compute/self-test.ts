import type { FourierPlan, Kernels, Layer, Matrix, PermutationTest, TrainPlan } from '../../contract/compute.ts'
import type { Random } from '../../contract/plugin.ts'
import { seededRandom } from '../../runtime/random.ts'
import * as differences from './plan/differences.ts'

const SEED = 20_260_105

/** The largest difference of a device from `ref`, by kernel; Infinity for a kernel that throws. */
export type Differences = Readonly<Record<differences.KernelName, number>>

/** Runs each kernel on small seeded inputs on both; 30 ms on a CPU. */
export async function selfTest(device: Kernels, ref: Kernels): Promise<Differences> {
  const random = seededRandom(SEED)
  const queries = withCopies(normal(random, 37, 52), normal(random, 101, 52))
  const plan: FourierPlan = { columns: 52, features: 256, bandwidths: [3, 9], seed: SEED }
  const pooled: PermutationTest = {
    pooled: normal(random, 61, 20),
    first: 30,
    permutations: 99,
    bandwidths: [2, 6],
    seed: SEED,
  }
  const layers = [layer(random, 52, 23, 'relu'), layer(random, 23, 52, 'linear')]
  return {
    topK: await topKTest(device, ref, queries.queries, queries.references),
    rff: differences.rffDifference(await device.rff(queries.queries, plan), await ref.rff(queries.queries, plan)),
    mmdPermute: differences.mmdDifference(await device.mmdPermute(pooled), await ref.mmdPermute(pooled)),
    ksPsi: await ksPsiTest(device, ref, queries.references, queries.queries),
    mlpScore: differences.mlpDifference(
      await device.mlpScore(queries.queries, layers),
      await ref.mlpScore(queries.queries, layers),
    ),
    mlpTrain: await mlpTrainTest(device, ref, queries.references, layers),
    moments: differences.momentsDifference(
      await device.moments(queries.references),
      await ref.moments(queries.references),
    ),
  }
}

/** In words what is beyond the tolerance; undefined when all is well. */
export function disagreement(found: Differences): string | undefined {
  const beyond = Object.entries(differences.TOLERANCES).filter(
    ([kernel, tolerance]) => !(found[kernel as differences.KernelName] <= tolerance),
  )
  if (beyond.length === 0) return undefined
  return beyond
    .map(
      ([kernel, tolerance]) =>
        `${kernel} differs from ref by ${found[kernel as differences.KernelName].toPrecision(2)}, at most ${tolerance} is allowed`,
    )
    .join('; ')
}

async function topKTest(device: Kernels, ref: Kernels, queries: Matrix, references: Matrix): Promise<number> {
  await using held = await device.hold(references)
  await using expected = await ref.hold(references)
  let largest = 0
  for (const k of [1, 7])
    largest = Math.max(
      largest,
      differences.topKDifference(
        await device.topK(queries, held, k),
        await ref.topK(queries, expected, k),
        queries,
        references,
      ),
    )
  return largest
}

async function ksPsiTest(device: Kernels, ref: Kernels, references: Matrix, current: Matrix): Promise<number> {
  await using held = await device.hold(references)
  await using expected = await ref.hold(references)
  return differences.ksPsiDifference(await device.ksPsi(held, current), await ref.ksPsi(expected, current))
}

/** One epoch of seven steps; what is left is measured on `ref`. */
async function mlpTrainTest(device: Kernels, ref: Kernels, samples: Matrix, start: readonly Layer[]): Promise<number> {
  const plan: TrainPlan = { epochs: 1, batch: 16, rate: 2e-3, seed: SEED }
  const trained = async (kernels: Kernels): Promise<differences.Trained> => {
    const layers = await kernels.mlpTrain(samples, start, plan)
    return { layers, errors: await ref.mlpScore(samples, layers) }
  }
  return differences.trainDifference(await trained(device), await trained(ref))
}

/** A third of the queries are copies of references. */
function withCopies(queries: Matrix, references: Matrix): { readonly queries: Matrix; readonly references: Matrix } {
  const { columns } = queries
  for (let row = 0; row < queries.rows; row += 3)
    queries.values.set(references.values.subarray(row * columns, (row + 1) * columns), row * columns)
  return { queries, references }
}

function normal(random: Random, rows: number, columns: number): Matrix {
  const draw = (): number => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
  return { rows, columns, values: Float32Array.from({ length: rows * columns }, draw) }
}

function layer(random: Random, inputs: number, outputs: number, activation: Layer['activation']): Layer {
  const weights = normal(random, outputs, inputs).values.map((value) => value / Math.sqrt(inputs))
  return { inputs, outputs, weights, bias: normal(random, 1, outputs).values, activation }
}
