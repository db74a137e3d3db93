import { PLACES, SQUARED_DIFFERENCES, product, rowLoader, tileMemory } from './tiles.ts'

/** Kernel values are multiples of 1 / FRACTION: 64 × 64 of them, each at most 1, still fit 32 bits. */
export const FRACTION = 2 ** 19

const TILE = 64

/**
 * The exponential by the power of two of a fraction: near enough to exact on every GPU, where `exp` may be off by ten
 * units for large arguments.
 */
const EXPONENTIAL = /* wgsl */ `
  fn exponential(x: f32) -> f32 {
    let power = max(x, -80.0) * 1.4426950408889634;
    let whole = round(power);
    return ldexp(exp2(fma(max(x, -80.0), 1.4426950408889634, -whole)), i32(whole));
  }`

/** One label a thread: sums of the tile's kernel values within the first sample and within the rest. */
const LABEL_SUMS = /* wgsl */ `
  fn labelBits(base: u32, first: u32, label: u32) -> vec2u {
    var bits = vec2u();
    for (var row = 0u; row < 64u; row++) {
      let at = min(first + base + row, params.rows - 1u) * params.words + label / 32u;
      bits[row / 32u] |= ((members[at] >> (label % 32u)) & 1u) << (row % 32u);
    }
    return bits;
  }
  fn add(at: u32, value: u32) {
    let low = found[at] + value;
    found[at] = low;
    if (low < value) { found[at + 1u] += 1u; }
  }
  fn addLabel(base: u32, rowBase: u32, columnBase: u32, label: u32) {
    let rowBits = labelBits(rowBase, params.leftFirst, label);
    let columnBits = labelBits(columnBase, params.rightFirst, label);
    var within = 0u;
    var rest = 0u;
    for (var row = 0u; row < 64u; row++) {
      var four = vec4u();
      for (var quad = 0u; quad < 16u; quad++) {
        let bits = (vec4u(columnBits[quad / 8u]) >> (vec4u(0u, 1u, 2u, 3u) + 4u * (quad % 8u))) & vec4u(1u);
        four += kernel[row * 16u + quad] & (vec4u() - bits);
      }
      let inner = four.x + four.y + four.z + four.w;
      if (((rowBits[row / 32u] >> (row % 32u)) & 1u) == 1u) { within += inner; } else { rest += totals[row] - inner; }
    }
    add((base + label) * 4u, within);
    add((base + label) * 4u + 2u, rest);
  }`

/**
 * Workgroup (x, y): tile x of the left shard's rows against every splits-th tile of the right shard from y on, below the
 * diagonal. Its sums are its own: words of 64-bit integers, by label.
 */
export function permuteTiles(): string {
  return /* wgsl */ `
  struct Params { leftRows: u32, rightRows: u32, leftFirst: u32, rightFirst: u32, rows: u32, columns: u32, words: u32, splits: u32, bandwidths: u32, scale: f32 }
  @group(0) @binding(0) var<uniform> params: Params;
  @group(0) @binding(1) var<storage, read> leftValues: array<f32>;
  @group(0) @binding(2) var<storage, read> rightValues: array<f32>;
  @group(0) @binding(3) var<storage, read> members: array<u32>;
  @group(0) @binding(4) var<storage, read> sharpness: array<f32>;
  @group(0) @binding(5) var<storage, read_write> found: array<u32>;
  var<workgroup> kernel: array<vec4u, ${(TILE * TILE) / 4}>;
  var<workgroup> totals: array<u32, ${TILE}>;
  ${tileMemory(TILE)}
  ${PLACES}
  ${rowLoader('loadLeft', 'leftValues', 'params.leftRows', 'params.columns', 'value * params.scale')}
  ${rowLoader('loadRight', 'rightValues', 'params.rightRows', 'params.columns', 'value * params.scale')}
  ${EXPONENTIAL}
  ${LABEL_SUMS}
  fn kernelOf(square: f32) -> u32 {
    var sum = 0.0;
    for (var at = 0u; at < params.bandwidths; at++) { sum += exponential(-square * sharpness[at]); }
    return u32(fma(sum / f32(params.bandwidths), ${FRACTION}.0, 0.5));
  }
  @compute @workgroup_size(256)
  fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let rowBase = group.x * ${TILE}u;
    let labels = params.words * 32u;
    let base = (group.x * params.splits + group.y) * labels;
    for (var columnBase = group.y * ${TILE}u; columnBase < params.rightRows; columnBase += params.splits * ${TILE}u) {
      if (params.rightFirst + columnBase > params.leftFirst + rowBase) { break; }
      ${product({ tile: TILE, left: 'rowBase', right: 'columnBase', depth: 'params.columns', fold: SQUARED_DIFFERENCES })}
      for (var lane = 0u; lane < 4u; lane++) {
        let row = rowOf(local, 0u, lane);
        var four = vec4u();
        for (var at = 0u; at < 4u; at++) {
          let column = columnOf(local, 0u, at);
          let below = params.rightFirst + columnBase + column < params.leftFirst + rowBase + row;
          if (below && rowBase + row < params.leftRows && columnBase + column < params.rightRows) {
            four[at] = kernelOf(sums[lane][at]);
          }
        }
        kernel[row * 16u + tx] = four;
      }
      workgroupBarrier();
      if (local < ${TILE}u) {
        var four = vec4u();
        for (var quad = 0u; quad < 16u; quad++) { four += kernel[local * 16u + quad]; }
        totals[local] = four.x + four.y + four.z + four.w;
      }
      workgroupBarrier();
      for (var label = local; label < labels; label += 256u) { addLabel(base, rowBase, columnBase, label); }
      workgroupBarrier();
    }
  }`
}
