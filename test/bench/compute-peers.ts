import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Matrix } from '../../src/contract/compute.ts'

/** The nearest reference of every query by somebody else's library, on one core. */
export interface Peer {
  readonly name: string
  /** CPU seconds of each round, or undefined where the library is missing. */
  rounds(queries: Matrix, references: Matrix, rounds: number): Promise<readonly number[] | undefined>
}

/** The folder with node_modules and a Python environment in `venv` to look for peers in; else this project's own. */
export const FOLDER = process.env['MODELWARD_PEERS'] ?? join(import.meta.dirname, '../..')
const requirePeer = createRequire(join(FOLDER, 'package.json'))

export const peers: readonly Peer[] = [
  { name: 'onnxruntime-node', rounds: onnx },
  { name: 'tfjs-backend-wasm', rounds: tfjs },
  { name: 'faiss-cpu', rounds: faiss },
]

/** CPU seconds of this process that a call took. */
export async function cpuSeconds(call: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await call()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

interface Onnx {
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<{ run(feeds: Record<string, unknown>): Promise<unknown> }>
  }
  readonly Tensor: new (type: string, values: Float32Array, shape: readonly number[]) => unknown
}

/** MatMul with the transposed references times -2, plus squared norms, then TopK of 1: the weights are packed beforehand. */
async function onnx(queries: Matrix, references: Matrix, rounds: number): Promise<readonly number[] | undefined> {
  const ort = load<Onnx>('onnxruntime-node')
  if (!ort) return undefined
  const session = await ort.InferenceSession.create(onnxModel(queries, references), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  })
  const tensor = new ort.Tensor('float32', queries.values, [queries.rows, queries.columns])
  return timed(rounds, () => session.run({ queries: tensor }))
}

interface Tfjs {
  setBackend(name: string): Promise<boolean>
  tensor2d(values: Float32Array, shape: readonly [number, number]): TfjsTensor
  matMul(left: TfjsTensor, right: TfjsTensor): TfjsTensor
  add(left: TfjsTensor, right: TfjsTensor): TfjsTensor
  argMin(of: TfjsTensor, axis: number): TfjsTensor
}
interface TfjsTensor {
  data(): Promise<unknown>
  dispose(): void
}

/** The references transposed beforehand: its product with a transposed argument is twelve times slower. */
async function tfjs(queries: Matrix, references: Matrix, rounds: number): Promise<readonly number[] | undefined> {
  const core = load<Tfjs>('@tensorflow/tfjs-core')
  if (!core || !load('@tensorflow/tfjs-backend-wasm')) return undefined
  await core.setBackend('wasm')
  const { turned, norms } = turn(references)
  const right = core.tensor2d(turned, [references.columns, references.rows])
  const half = core.tensor2d(norms, [1, references.rows])
  const left = core.tensor2d(queries.values, [queries.rows, queries.columns])
  return timed(rounds, async () => {
    const products = core.matMul(left, right)
    const scores = core.add(products, half)
    const found = core.argMin(scores, 1)
    await found.data()
    for (const one of [products, scores, found]) one.dispose()
  })
}

async function faiss(queries: Matrix, references: Matrix, rounds: number): Promise<readonly number[] | undefined> {
  const script = join(import.meta.dirname, 'compute-faiss.py')
  const sizes = [queries.rows, references.rows, queries.columns, rounds].map(String)
  return python(script, sizes)?.map(Number)
}

/** What a Python script prints, by spaces; undefined where it or what it imports is missing. */
export function python(script: string, arguments_: readonly string[]): readonly string[] | undefined {
  const own = join(FOLDER, 'venv/bin/python')
  const { status, stdout } = spawnSync(existsSync(own) ? own : 'python3', [script, ...arguments_])
  return status === 0 ? stdout.toString().trim().split(/\s+/) : undefined
}

async function timed(rounds: number, call: () => Promise<unknown>): Promise<readonly number[]> {
  const seconds: number[] = []
  for (let round = 0; round < rounds; round++) seconds.push(await cpuSeconds(call))
  return seconds
}

function load<T>(name: string): T | undefined {
  try {
    return requirePeer(name) as T
  } catch {
    return undefined
  }
}

/** References times -2, column by column, and their squared norms. */
function turn({ rows, columns, values }: Matrix): { readonly turned: Float32Array; readonly norms: Float32Array } {
  const turned = new Float32Array(values.length)
  const norms = new Float32Array(rows)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const value = values[row * columns + column] ?? 0
      turned[column * rows + row] = -2 * value
      norms[row] = (norms[row] ?? 0) + value * value
    }
  return { turned, norms }
}

/** The ONNX file format (onnx.proto3, opset 13), written by hand: fields are a tag and a number, or a tag, a length and bytes. */
function onnxModel(queries: Matrix, references: Matrix): Uint8Array {
  const { turned, norms } = turn(references)
  const float = 1
  const int64 = 7
  const nodes = [
    node('MatMul', ['queries', 'references'], ['products']),
    node('Add', ['products', 'norms'], ['scores']),
    Buffer.concat([
      node('TopK', ['scores', 'one'], ['distances', 'rows']),
      bytes(5, Buffer.concat([bytes(1, 'largest'), number(3, 0), number(20, 2)])),
    ]),
  ]
  const constants = [
    tensor('references', float, [references.columns, references.rows], turned),
    tensor('norms', float, [1, references.rows], norms),
    tensor('one', int64, [1], BigInt64Array.of(1n)),
  ]
  const graph = Buffer.concat([
    ...nodes.map((one) => bytes(1, one)),
    bytes(2, 'nearest'),
    ...constants.map((one) => bytes(5, one)),
    bytes(11, value('queries', float, [queries.rows, queries.columns])),
    bytes(12, value('distances', float, [queries.rows, 1])),
    bytes(12, value('rows', int64, [queries.rows, 1])),
  ])
  return Buffer.concat([number(1, 8), bytes(7, graph), bytes(8, number(2, 13))])
}

function node(operator: string, inputs: readonly string[], outputs: readonly string[]): Buffer {
  return Buffer.concat([
    ...inputs.map((one) => bytes(1, one)),
    ...outputs.map((one) => bytes(2, one)),
    bytes(4, operator),
  ])
}

function tensor(name: string, type: number, shape: readonly number[], values: Float32Array | BigInt64Array): Buffer {
  const raw = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  return Buffer.concat([...shape.map((size) => number(1, size)), number(2, type), bytes(8, name), bytes(9, raw)])
}

function value(name: string, type: number, shape: readonly number[]): Buffer {
  const dimensions = Buffer.concat(shape.map((size) => bytes(1, number(1, size))))
  return Buffer.concat([bytes(1, name), bytes(2, bytes(1, Buffer.concat([number(1, type), bytes(2, dimensions)])))])
}

function number(field: number, wanted: number): Buffer {
  return Buffer.from([...varint(field * 8), ...varint(wanted)])
}

function bytes(field: number, content: string | Buffer): Buffer {
  const raw = Buffer.from(content)
  return Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(raw.length)]), raw])
}

function varint(wanted: number): readonly number[] {
  return wanted < 128 ? [wanted] : [(wanted % 128) + 128, ...varint(Math.floor(wanted / 128))]
}
