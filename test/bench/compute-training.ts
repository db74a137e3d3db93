import type { Kernels, Layer, Matrix, TrainPlan } from '../../src/contract/compute.ts'
import { openRef } from '../../src/detect/compute/ref/ref.ts'
import { openTfjs } from '../../src/detect/compute/tfjs/tfjs.ts'
import { openWasm } from '../../src/detect/compute/wasm/wasm.ts'
import { openWebgpu } from '../../src/detect/compute/webgpu/webgpu.ts'
import { RefusedError } from '../../src/runtime/errors.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { given } from '../support/given.ts'
import type { Case } from './bench.ts'
import { cpuSeconds, FOLDER } from './compute-peers.ts'

/** What `output-distribution` trains: 4,096 rows of 128, in batches of 32. */
const ROWS = 4096
const WIDTHS = [128, 32, 8, 32, 128] as const
const PLAN: TrainPlan = { epochs: 1, batch: 32, rate: 2e-3, seed: 1 }
const ROUNDS = 5
const NAME = `training ${WIDTHS.join('-')}, batches of ${PLAN.batch}`

/** Rows a second that an autoencoder learns from: CPU time of one core on `ref` and `wasm`, wall time where more takes part. */
export async function training(report: (message: string) => void): Promise<readonly Case[]> {
  const samples = uniform(1, ROWS, WIDTHS[0])
  const start = WIDTHS.slice(1).map((outputs, at) => layer(WIDTHS[at] ?? 1, outputs, at + 2 < WIDTHS.length))
  const ref = await rate(cpuSeconds, async () => openRef(), samples, start)
  const wasm = await rate(cpuSeconds, () => openWasm(given(), { threads: 0 }), samples, start)
  const cases = [row('ref', ref), row('wasm', wasm, 'ref', ratio(wasm, ref))]
  const beside = await rate(wallSeconds, () => openWasm(given(), { threads: 0 }), samples, start)
  for (const [device, open] of [
    ['tfjs-node-gpu', () => openTfjs(given(), { folder: FOLDER })],
    ['webgpu', () => openWebgpu(given())],
  ] as const) {
    const theirs = await rate(wallSeconds, open, samples, start).catch((error: unknown) => {
      if (!(error instanceof RefusedError)) throw error
      report(`${device} is missing: ${error.message}`)
      return null
    })
    cases.push(row(`${device}, wall time`, theirs, 'wasm beside it', ratio(beside, theirs)))
  }
  report('training done')
  return cases
}

/** Thousands of rows a second, of the quickest of some epochs. */
async function rate(
  seconds: (call: () => Promise<unknown>) => Promise<number>,
  open: () => Promise<Kernels>,
  samples: Matrix,
  start: readonly Layer[],
): Promise<number> {
  await using kernels = await open()
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++)
    best = Math.min(best, await seconds(() => kernels.mlpTrain(samples, start, PLAN)))
  return ROWS / best / 1000
}

async function wallSeconds(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await call()
  return (performance.now() - start) / 1000
}

function ratio(ours: number | null, theirs: number | null): number | null {
  return ours === null || theirs === null ? null : ours / theirs
}

function row(what: string, value: number | null, peer: string | null = null, beside: number | null = null): Case {
  return { bench: 'compute', case: `${NAME}, ${what}`, value, unit: 'krows/s', runs: ROUNDS, peer, ratio: beside }
}

function uniform(seed: number, rows: number, columns: number): Matrix {
  const random = seededRandom(seed)
  return { rows, columns, values: Float32Array.from({ length: rows * columns }, () => 2 * random.next() - 1) }
}

function layer(inputs: number, outputs: number, relu: boolean): Layer {
  const weights = uniform(inputs, outputs, inputs).values.map((value) => value * Math.sqrt(6 / inputs))
  return { inputs, outputs, weights, bias: new Float32Array(outputs), activation: relu ? 'relu' : 'linear' }
}
