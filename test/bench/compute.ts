import { join } from 'node:path'
import type { FourierPlan, Kernels, Layer, Matrix } from '../../src/contract/compute.ts'
import { openRef } from '../../src/detect/compute/ref/ref.ts'
import { openWasm } from '../../src/detect/compute/wasm/wasm.ts'
import { openWebgpu } from '../../src/detect/compute/webgpu/webgpu.ts'
import { RefusedError } from '../../src/runtime/errors.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { given } from '../support/given.ts'
import type { Bench, Case } from './bench.ts'
import { cpuSeconds, peers, python } from './compute-peers.ts'
import { training } from './compute-training.ts'

const ROUNDS = 7
const [QUERIES, REFERENCES, COLUMNS] = [256, 20_000, 768]
const FOURIER_ROWS = 1000
const MEAN_OF = 200
/** What a GPU is measured with: 614 MB of references. */
const [GPU_QUERIES, GPU_REFERENCES] = [4096, 200_000]
/** Float32 TFLOP/s of the card, from its data sheet: an H200 or H100 SXM has 67. */
const CARD_TFLOPS = Number(process.env['MODELWARD_GPU_TFLOPS'] ?? 67)
const TORCH = 'PyTorch float32'

/** The compute devices of src/detect/compute beside other libraries; the best of some rounds, CPU time on one core. */
export const compute: Bench = {
  name: 'compute',
  summary: 'compute kernels by device, beside onnxruntime-node, tfjs-wasm, faiss-cpu; on a GPU beside PyTorch',
  async run(report) {
    return [
      ...(await nearest(report)),
      ...(await others(report)),
      ...(await training(report)),
      ...(await threads()),
      ...(await gpu(report)),
    ]
  },
}

/** All on one core, in CPU time, in turn: others on the machine cost little. */
async function nearest(report: (message: string) => void): Promise<readonly Case[]> {
  const [queries, references] = [normal(1, QUERIES, COLUMNS), normal(2, REFERENCES, COLUMNS)]
  const name = `nearest of ${REFERENCES.toLocaleString('en')} x ${COLUMNS}`
  const distances = (seconds: number, count = QUERIES): number => (count * REFERENCES) / seconds / 1e6
  const best = new Map<string, number>()
  for (const [device, count] of [
    ['ref', 8],
    ['wasm', QUERIES],
  ] as const) {
    await using kernels = await openOn(device)
    await using held = await kernels.hold(references)
    const some = { ...queries, rows: count, values: queries.values.subarray(0, count * COLUMNS) }
    best.set(device, distances(await least(() => kernels.topK(some, held, 1)), count))
    report(`${device}: ${best.get(device)?.toFixed(1)} million distances a second`)
  }
  const ours = best.get('wasm') ?? NaN
  const cases = ['ref', 'wasm'].map((device) => row(`${name}, ${device}`, best.get(device) ?? null, 'Mdist/s'))
  for (const peer of peers) {
    const rounds = await peer.rounds(queries, references, ROUNDS)
    const theirs = rounds === undefined ? null : distances(Math.min(...rounds))
    if (theirs === null) report(`${peer.name} is missing: install it in the folder that MODELWARD_PEERS names`)
    cases.push(
      row(`${name}, ${peer.name}`, theirs, 'Mdist/s', 'wasm beside it', theirs === null ? null : ours / theirs),
    )
  }
  return cases
}

async function others(report: (message: string) => void): Promise<readonly Case[]> {
  const cases: Case[] = []
  for (const device of ['ref', 'wasm'] as const) {
    await using kernels = await openOn(device)
    const share = device === 'ref' ? 16 : 1
    const plan: FourierPlan = { columns: 512, features: 2048, bandwidths: [10, 20], seed: 1 }
    const rows = normal(3, 64, 512)
    const room = new Int8Array(64 * 2048)
    const features = await least(() => kernels.rff(rows, plan, room), 50)
    cases.push(row(`random features 512 -> 2048, ${device}`, (features / 64) * 1e6, 'us/row'))
    const [held, current] = [normal(4, 1024, 1600 / share), normal(5, 10_000, 1600 / share)]
    await using reference = await kernels.hold(held)
    const columns = await least(() => kernels.ksPsi(reference, current))
    cases.push(
      row(`KS and PSI, 1,024 held, 10,000 current, ${device}`, current.values.length / columns / 1e6, 'Mvalues/s'),
    )
    const inputs = normal(6, 8192 / share, 512)
    const layers = [layer(512, 256), layer(256, 64), layer(64, 256), layer(256, 512)]
    const scores = await least(() => kernels.mlpScore(inputs, layers))
    cases.push(row(`autoencoder 512-256-64-256-512, ${device}`, inputs.rows / scores / 1000, 'krows/s'))
    const pooled = {
      pooled: normal(7, 2048 / share, 512),
      first: 1024 / share,
      permutations: 500,
      bandwidths: [32],
      seed: 1,
    }
    const permuted = await least(() => kernels.mmdPermute(pooled), 3)
    cases.push(row(`MMD, ${pooled.pooled.rows} rows x 512, 500 relabellings, ${device}`, permuted * 1000, 'ms'))
    report(`${device}: random features, columns, autoencoder, permutations done`)
  }
  return cases
}

/** Wall time, so that what threads bring is seen, and CPU time of the main thread, so that what they take off it is. */
async function threads(): Promise<readonly Case[]> {
  await using kernels = await openWasm(given())
  const plan: FourierPlan = { columns: 512, features: 2048, bandwidths: [10, 20], seed: 1 }
  const [rows, room] = [normal(3, FOURIER_ROWS, 512), new Int8Array(FOURIER_ROWS * 2048)]
  const main = await mainThread(() => kernels.rff(rows, plan, room))
  await using held = await kernels.hold(normal(2, REFERENCES, COLUMNS))
  const queries = normal(1, QUERIES, COLUMNS)
  const seconds = await leastWall(() => kernels.topK(queries, held, 1))
  return [
    row(`nearest on ${kernels.threads} threads, wall time, wasm`, (QUERIES * REFERENCES) / seconds / 1e6, 'Mdist/s'),
    row(
      `random features 512 -> 2048, ${FOURIER_ROWS} rows on ${kernels.threads} threads, main thread, wasm`,
      (main / FOURIER_ROWS) * 1e6,
      'us/row',
    ),
  ]
}

/** CPU seconds of this thread for a call, the mean of many: some systems count in steps of 10 ms. */
async function mainThread(call: () => Promise<unknown>): Promise<number> {
  await call()
  const before = process.threadCpuUsage()
  for (let round = 0; round < MEAN_OF; round++) await call()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1e6 / MEAN_OF
}

/** On a real GPU only: beside PyTorch on the same card, and the share of what the card could do. */
async function gpu(report: (message: string) => void): Promise<readonly Case[]> {
  const name = `nearest of ${GPU_REFERENCES.toLocaleString('en')} x ${COLUMNS}, ${GPU_QUERIES} queries`
  let seconds: number | undefined
  try {
    await using kernels = await openWebgpu(given())
    await using held = await kernels.hold(normal(2, GPU_REFERENCES, COLUMNS))
    const queries = normal(1, GPU_QUERIES, COLUMNS)
    seconds = await leastWall(() => kernels.topK(queries, held, 1))
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    report(`webgpu is missing: ${error.message}`)
  }
  const sizes = [GPU_QUERIES, GPU_REFERENCES, COLUMNS, ROUNDS].map(String)
  const [card, ...rounds] = python(join(import.meta.dirname, 'compute-torch.py'), sizes) ?? []
  report(card === undefined ? `${TORCH} on a card is missing` : `${TORCH} ran on ${card}`)
  const torch = card === undefined ? undefined : Math.min(...rounds.map(Number))
  const distances = GPU_QUERIES * GPU_REFERENCES
  const rate = (one: number | undefined): number | null => (one === undefined ? null : distances / one / 1e6)
  const floor = (2 * distances * COLUMNS) / (CARD_TFLOPS * 1e12)
  const share = (one: number | undefined): number | null => (one === undefined ? null : (100 * floor) / one)
  const ratio = seconds === undefined || torch === undefined ? null : torch / seconds
  return [
    row(`${name}, webgpu, wall time`, rate(seconds), 'Mdist/s', TORCH, ratio),
    row(`${name}, ${TORCH}`, rate(torch), 'Mdist/s'),
    row(`share of ${CARD_TFLOPS} TFLOP/s, webgpu`, share(seconds), '%'),
    row(`share of ${CARD_TFLOPS} TFLOP/s, ${TORCH}`, share(torch), '%'),
  ]
}

async function openOn(device: 'ref' | 'wasm'): Promise<Kernels> {
  return device === 'ref' ? openRef() : openWasm(given(), { threads: 0 })
}

/** CPU seconds of the quickest of some calls. */
async function least(call: () => Promise<unknown>, rounds = ROUNDS): Promise<number> {
  let best = Infinity
  for (let round = 0; round < rounds; round++) best = Math.min(best, await cpuSeconds(call))
  return best
}

async function leastWall(call: () => Promise<unknown>): Promise<number> {
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    await call()
    best = Math.min(best, (performance.now() - start) / 1000)
  }
  return best
}

function row(
  name: string,
  value: number | null,
  unit: string,
  peer: string | null = null,
  ratio: number | null = null,
): Case {
  return { bench: 'compute', case: name, value, unit, runs: ROUNDS, peer, ratio }
}

/** Sums of uniform numbers: quick to make, near enough to normal. */
function normal(seed: number, rows: number, columns: number): Matrix {
  const random = seededRandom(seed)
  const draw = (): number => random.next() + random.next() + random.next() - 1.5
  return { rows, columns, values: Float32Array.from({ length: rows * columns }, draw) }
}

function layer(inputs: number, outputs: number): Layer {
  const weights = normal(inputs, outputs, inputs).values.map((value) => value / Math.sqrt(inputs))
  return { inputs, outputs, weights, bias: new Float32Array(outputs), activation: 'relu' }
}
