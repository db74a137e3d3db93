import type { Matrix, Moments } from '../../../contract/compute.ts'
import { centringOf, covarianceOf } from '../scale/scale.ts'
import type { Device } from './device.ts'
import { shardRows } from './held.ts'
import { PLACES, PRODUCT_SUM, product, tileMemory } from './tiles.ts'

const TILE = 64
/** Rows whose products are summed in one go, then in a second sum: errors of single precision stay small. */
const RUN_ROWS = 256
/** Rows of one submission, whose sums the CPU adds up in double precision. */
const BLOCK_ROWS = 8192

/** Products of the columns of centred, scaled rows; a workgroup a tile below the diagonal. */
export const PRODUCTS = /* wgsl */ `
  struct Params { rows: u32, columns: u32 }
  @group(0) @binding(0) var<uniform> params: Params;
  @group(0) @binding(1) var<storage, read> values: array<f32>;
  @group(0) @binding(2) var<storage, read> centre: array<f32>;
  @group(0) @binding(3) var<storage, read> scale: array<f32>;
  @group(0) @binding(4) var<storage, read_write> found: array<f32>;
  var<private> runStart: u32;
  ${tileMemory(TILE)}
  ${PLACES}
  fn loadLeft(first: u32, term: u32) -> vec4f {
    var four = vec4f();
    let row = runStart + term;
    if (row < params.rows) {
      for (var lane = 0u; lane < 4u; lane++) {
        let column = first + lane;
        if (column < params.columns) {
          four[lane] = (values[row * params.columns + column] - centre[column]) * scale[column];
        }
      }
    }
    return four;
  }
  fn loadRight(first: u32, term: u32) -> vec4f { return loadLeft(first, term); }
  @compute @workgroup_size(256)
  fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    if (group.y > group.x) { return; }
    let left = group.x * ${TILE}u;
    let right = group.y * ${TILE}u;
    var totals: array<vec4f, 4>;
    for (var run = 0u; run < params.rows; run += ${RUN_ROWS}u) {
      runStart = run;
      ${product({ tile: TILE, left: 'left', right: 'right', depth: `${RUN_ROWS}u`, fold: PRODUCT_SUM })}
      for (var lane = 0u; lane < 4u; lane++) { totals[lane] += sums[lane]; }
    }
    for (var lane = 0u; lane < 4u; lane++) {
      let row = left + rowOf(local, 0u, lane);
      for (var at = 0u; at < 4u; at++) {
        let column = right + columnOf(local, 0u, at);
        if (row < params.columns && column < params.columns) { found[row * params.columns + column] = totals[lane][at]; }
      }
    }
  }`

/**
 * Mean on the CPU in double precision; covariance of the rows less the mean, each column brought near 1 by a power of
 * two, in blocks on the GPU.
 */
export async function moments(device: Device, { rows, columns, values }: Matrix): Promise<Moments> {
  if (4 * columns * columns > device.bindingBytes)
    throw new RangeError(
      `a covariance of ${columns} columns is more than the ${device.bindingBytes} bytes that this GPU binds`,
    )
  const centring = centringOf({ rows, columns, values })
  const { centre, scale } = centring
  const pipeline = await device.pipeline(PRODUCTS)
  const sums = new Float64Array(columns * columns)
  const step = Math.min(BLOCK_ROWS, shardRows(device, columns))
  const tiles = Math.ceil(columns / TILE)
  for (let first = 0; first < rows; first += step) {
    const count = Math.min(step, rows - first)
    const [read] = await device.run((job) => {
      const found = job.storage(columns * columns)
      const part = job.upload(values.subarray(first * columns, (first + count) * columns))
      const bound = [job.params(count, columns), part, job.upload(centre), job.upload(scale), found]
      job.dispatch(pipeline, bound, [tiles, tiles])
      return [found]
    })
    const block = new Float32Array(read ?? new ArrayBuffer(0))
    for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] ?? 0) + (block[at] ?? NaN)
  }
  return { mean: centring.mean, covariance: covarianceOf(sums, centring) }
}
