import type { Layer, Matrix } from '../../../contract/compute.ts'
import type { Desk } from './memories.ts'
import { LEFT, RIGHT } from './products.ts'
import { packRight, packedLength } from './pack.ts'
import { chunksOf, rangesOf, type Range } from './ranges.ts'
import { layersScratch, type LayersTask, type PackedLayer } from './tasks.ts'
import type { Bench, Caller } from './wasm.ts'

export async function scoreRows(caller: Caller, inputs: Matrix, layers: readonly Layer[]): Promise<Float32Array> {
  const errors = new Float32Array(inputs.rows)
  const weights = layers.reduce((sum, layer) => sum + layer.weights.length, 0)
  for (const chunk of chunksOf(inputs.rows, inputs.columns * 4 + 4))
    await caller.work((chunk.to - chunk.from) * weights, (bench) => score(bench, inputs, chunk, layers, errors))
  return errors
}

async function score(
  { desk, parts, run }: Bench,
  inputs: Matrix,
  chunk: Range,
  layers: readonly Layer[],
  errors: Float32Array,
): Promise<void> {
  const { columns } = inputs
  const count = chunk.to - chunk.from
  const packed = layers.map((layer) => packLayer(desk, layer))
  const at = desk.put(inputs.values.subarray(chunk.from * columns, chunk.to * columns))
  const out = desk.take(count * 4)
  const tasks = rangesOf(count, parts, LEFT).map((range): LayersTask => ({
    kind: 'layers',
    inputs: at,
    ...range,
    columns,
    layers: packed,
    errors: out,
    scratch: desk.take(layersScratch(columns, packed)),
  }))
  await run(tasks)
  errors.set(desk.core.f32.subarray(out / 4, out / 4 + count), chunk.from)
}

function packLayer(desk: Desk, { inputs, outputs, weights, bias, activation }: Layer): PackedLayer {
  const panels = desk.take(packedLength(outputs, inputs, RIGHT) * 4)
  packRight(desk.core.f32, panels / 4, weights, 0, outputs, inputs)
  const padded = new Float32Array(Math.ceil(outputs / RIGHT) * RIGHT)
  padded.set(bias)
  const floor = desk.put(Float32Array.of(activation === 'relu' ? 0 : -Infinity))
  return { inputs, outputs, panels, bias: desk.put(padded), floor }
}
