import type { Layer, Matrix } from '../../../contract/compute.ts'
import type { Device } from './device.ts'
import { PLACES, PRODUCT_SUM, product, rowLoader, tileMemory } from './tiles.ts'
import type { Tile } from './tiles.ts'

/** Rows in one submission. */
const MOST_ROWS = 32_768

/**
 * One dense layer, with bias and activation applied to the tile that was computed. Of the last layer only the squared
 * differences from the inputs leave the tile, summed over its columns.
 */
export function dense(tile: Tile, last: boolean): string {
  const store = /* wgsl */ `
          if (row < params.rows && column < params.outputs) { found[row * params.outputs + column] = value; }`
  const compare = /* wgsl */ `
          if (row < params.rows && column < params.outputs) {
            let difference = value - given[row * params.outputs + column];
            losses[own] = fma(difference, difference, losses[own]);
          }`
  return /* wgsl */ `
  struct Params { rows: u32, inputs: u32, outputs: u32, relu: u32, tiles: u32 }
  @group(0) @binding(0) var<uniform> params: Params;
  @group(0) @binding(1) var<storage, read> values: array<f32>;
  @group(0) @binding(2) var<storage, read> weights: array<f32>;
  @group(0) @binding(3) var<storage, read> bias: array<f32>;
  @group(0) @binding(4) var<storage, read_write> found: array<f32>;
  ${last ? `@group(0) @binding(5) var<storage, read> given: array<f32>; var<workgroup> lossParts: array<f32, ${tile * 16}>;` : ''}
  ${tileMemory(tile)}
  ${PLACES}
  ${rowLoader('loadLeft', 'values', 'params.rows', 'params.inputs')}
  ${rowLoader('loadRight', 'weights', 'params.outputs', 'params.inputs')}
  @compute @workgroup_size(256)
  fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let rowBase = group.x * ${tile}u;
    let columnBase = group.y * ${tile}u;
    ${product({ tile, left: 'rowBase', right: 'columnBase', depth: 'params.inputs', fold: PRODUCT_SUM })}
    ${last ? 'var losses: array<f32, 4u * PARTS>;' : ''}
    for (var own = 0u; own < 4u * PARTS; own++) {
      let row = rowBase + rowOf(local, own / 4u, own % 4u);
      for (var part = 0u; part < PARTS; part++) {
        for (var lane = 0u; lane < 4u; lane++) {
          let column = columnBase + columnOf(local, part, lane);
          var value = sums[own * PARTS + part][lane] + bias[min(column, params.outputs - 1u)];
          if (params.relu == 1u) { value = max(value, 0.0); }
          ${last ? compare : store}
        }
      }
      ${last ? 'lossParts[rowOf(local, own / 4u, own % 4u) * 16u + tx] = losses[own];' : ''}
    }
    ${last ? rowLosses(tile) : ''}
  }`
}

function rowLosses(tile: Tile): string {
  return /* wgsl */ `
    workgroupBarrier();
    if (local < ${tile}u && rowBase + local < params.rows) {
      var sum = 0.0;
      for (var at = 0u; at < 16u; at++) { sum += lossParts[local * 16u + at]; }
      found[(rowBase + local) * params.tiles + group.y] = sum;
    }`
}

/** Squared error between each row and what the network makes of it. All layers of some rows are one submission. */
export async function mlpScore(device: Device, inputs: Matrix, layers: readonly Layer[]): Promise<Float32Array> {
  const { tile } = device
  const widest = Math.max(inputs.columns, ...layers.map(({ outputs }) => outputs))
  const step = Math.min(MOST_ROWS, Math.floor(device.bindingBytes / (4 * widest)))
  const heaviest = Math.max(...layers.map(({ weights }) => weights.byteLength))
  if (step === 0 || heaviest > device.bindingBytes)
    throw new RangeError(
      `a layer of ${heaviest} bytes is more than the ${device.bindingBytes} that this GPU binds at once`,
    )
  const inner = await device.pipeline(dense(tile, false))
  const last = await device.pipeline(dense(tile, true))
  const scores = new Float32Array(inputs.rows)
  for (let first = 0; first < inputs.rows; first += step) {
    const rows = Math.min(step, inputs.rows - first)
    const tiles = Math.ceil(inputs.columns / tile)
    const [read] = await device.run((job) => {
      const given = job.upload(inputs.values.subarray(first * inputs.columns, (first + rows) * inputs.columns))
      let values = given
      for (const [index, layer] of layers.entries()) {
        const isLast = index === layers.length - 1
        const found = job.storage(rows * (isLast ? tiles : layer.outputs))
        const relu = layer.activation === 'relu' ? 1 : 0
        const params = job.params(rows, layer.inputs, layer.outputs, relu, tiles)
        const bound = [params, values, job.upload(layer.weights), job.upload(layer.bias), found]
        const grid = [Math.ceil(rows / tile), Math.ceil(layer.outputs / tile)] as const
        job.dispatch(isLast ? last : inner, isLast ? [...bound, given] : bound, grid)
        values = found
      }
      return [values]
    })
    addTiles(new Float32Array(read ?? new ArrayBuffer(0)), tiles, scores, first)
  }
  return scores
}

function addTiles(parts: Float32Array, tiles: number, scores: Float32Array, first: number): void {
  for (let row = 0; row < parts.length / tiles; row++) {
    let sum = 0
    for (let tile = 0; tile < tiles; tile++) sum += parts[row * tiles + tile] ?? NaN
    if (!Number.isFinite(sum)) throw new RangeError(`row ${first + row}: its error is beyond single precision`)
    scores[first + row] = sum
  }
}
