import { PLACES, PRODUCT_SUM, SQUARED_DIFFERENCES, product, rowLoader, tileMemory } from './tiles.ts'
import type { Tile } from './tiles.ts'

/** Larger than every score: the place of no neighbour. */
const NO_SCORE = 3e38
export const NO_INDEX = 0xffffffff

/** Squared length of each centred, scaled row; a thread a row. */
export const NORMS = /* wgsl */ `
  struct Params { rows: u32, columns: u32, scale: f32, stride: u32 }
  @group(0) @binding(0) var<uniform> params: Params;
  @group(0) @binding(1) var<storage, read> values: array<f32>;
  @group(0) @binding(2) var<storage, read> centre: array<f32>;
  @group(0) @binding(3) var<storage, read_write> norms: array<f32>;
  @compute @workgroup_size(64)
  fn main(@builtin(global_invocation_id) id: vec3u) {
    let row = id.x + id.y * params.stride;
    if (row >= params.rows) { return; }
    var sum = 0.0;
    for (var start = 0u; start < params.columns; start += 16u) {
      var part = 0.0;
      for (var column = start; column < min(start + 16u, params.columns); column++) {
        let value = (values[row * params.columns + column] - centre[column]) * params.scale;
        part = fma(value, value, part);
      }
      sum += part;
    }
    norms[row] = sum;
  }`

const LISTS = /* wgsl */ `
  fn comesBefore(score: f32, index: u32, other: f32, otherIndex: u32) -> bool {
    return score < other || (score == other && index < otherIndex);
  }`

/** Puts a score into the sorted list of `keep` places from `base`, of which the last falls out. */
const INSERT = /* wgsl */ `
  fn insert(base: u32, keep: u32, score: f32, index: u32) {
    var at = base + keep - 1u;
    while (at > base && comesBefore(score, index, scores[at - 1u], indices[at - 1u])) {
      scores[at] = scores[at - 1u];
      indices[at] = indices[at - 1u];
      at--;
    }
    scores[at] = score;
    indices[at] = index;
  }`

/**
 * Scores of a tile of queries against one strip of a shard's tiles, of which each query keeps its best in a list of its
 * own: |r|² - 2 q·r of centred rows, which ranks like the distance (`exact` false), or the squared distance itself.
 * The scores pass through workgroup memory in slices of 16 columns; one thread a query looks at them.
 */
export function screen(tile: Tile, exact: boolean): string {
  const centred = '(value - centre[column]) * params.scale'
  const map = exact ? 'value * params.scale' : centred
  return /* wgsl */ `
  struct Params { queries: u32, references: u32, columns: u32, keep: u32, strips: u32, tilesPerStrip: u32, first: u32, scale: f32 }
  @group(0) @binding(0) var<uniform> params: Params;
  @group(0) @binding(1) var<storage, read> queries: array<f32>;
  @group(0) @binding(2) var<storage, read> references: array<f32>;
  @group(0) @binding(3) var<storage, read_write> scores: array<f32>;
  @group(0) @binding(4) var<storage, read_write> indices: array<u32>;
  ${exact ? '' : '@group(0) @binding(5) var<storage, read> centre: array<f32>; @group(0) @binding(6) var<storage, read> norms: array<f32>;'}
  var<workgroup> slice: array<f32, ${tile * 17}>;
  ${tileMemory(tile)}
  ${PLACES}
  ${rowLoader('loadLeft', 'queries', 'params.queries', 'params.columns', map)}
  ${rowLoader('loadRight', 'references', 'params.references', 'params.columns', map)}
  ${LISTS}
  ${INSERT}
  @compute @workgroup_size(256)
  fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let queryBase = group.x * ${tile}u;
    let query = queryBase + local;
    let base = (query * params.strips + group.y) * params.keep;
    let lists = local < ${tile}u && query < params.queries;
    if (lists) {
      for (var at = base; at < base + params.keep; at++) { scores[at] = ${NO_SCORE}; indices[at] = ${NO_INDEX}u; }
    }
    var worst = f32(${NO_SCORE});
    var worstIndex = ${NO_INDEX}u;
    for (var step = 0u; step < params.tilesPerStrip; step++) {
      let referenceBase = (group.y * params.tilesPerStrip + step) * ${tile}u;
      ${product({ tile, left: 'queryBase', right: 'referenceBase', depth: 'params.columns', fold: exact ? SQUARED_DIFFERENCES : PRODUCT_SUM })}
      for (var part = 0u; part < PARTS; part++) {
        for (var lane = 0u; lane < 4u; lane++) {
          let mine = referenceBase + columnOf(local, part, lane);
          ${exact ? '' : 'var norm = 0.0; if (mine < params.references) { norm = norms[mine]; }'}
          for (var own = 0u; own < 4u * PARTS; own++) {
            let sum = sums[own * PARTS + part][lane];
            slice[rowOf(local, own / 4u, own % 4u) * 17u + tx] = ${exact ? 'sum' : 'fma(-2.0, sum, norm)'};
          }
          workgroupBarrier();
          if (lists) {
            for (var at = 0u; at < 16u; at++) {
              let reference = referenceBase + columnOf(at, part, lane);
              let score = slice[local * 17u + at];
              let index = params.first + reference;
              if (reference < params.references && comesBefore(score, index, worst, worstIndex)) {
                insert(base, params.keep, score, index);
                worst = scores[base + params.keep - 1u];
                worstIndex = indices[base + params.keep - 1u];
              }
            }
          }
          workgroupBarrier();
        }
      }
    }
  }`
}

/** One list a query out of those of all strips and of the shards before; a thread a query. */
export const MERGE = /* wgsl */ `
  struct Params { queries: u32, keep: u32, strips: u32, fresh: u32 }
  @group(0) @binding(0) var<uniform> params: Params;
  @group(0) @binding(1) var<storage, read> stripScores: array<f32>;
  @group(0) @binding(2) var<storage, read> stripIndices: array<u32>;
  @group(0) @binding(3) var<storage, read_write> scores: array<f32>;
  @group(0) @binding(4) var<storage, read_write> indices: array<u32>;
  ${LISTS}
  ${INSERT}
  @compute @workgroup_size(64)
  fn main(@builtin(global_invocation_id) id: vec3u) {
    let query = id.x;
    if (query >= params.queries) { return; }
    let base = query * params.keep;
    let last = base + params.keep - 1u;
    if (params.fresh == 1u) {
      for (var at = base; at <= last; at++) { scores[at] = ${NO_SCORE}; indices[at] = ${NO_INDEX}u; }
    }
    for (var strip = 0u; strip < params.strips; strip++) {
      let begin = (query * params.strips + strip) * params.keep;
      for (var at = begin; at < begin + params.keep; at++) {
        if (!comesBefore(stripScores[at], stripIndices[at], scores[last], indices[last])) { break; }
        insert(base, params.keep, stripScores[at], stripIndices[at]);
      }
    }
  }`

/** Squared distances of the kept, from differences: copies give exactly 0; a thread a pair. Pairs of other shards are left. */
export const RECOMPUTE = /* wgsl */ `
  struct Params { queries: u32, keep: u32, columns: u32, first: u32, references: u32, stride: u32, scale: f32 }
  @group(0) @binding(0) var<uniform> params: Params;
  @group(0) @binding(1) var<storage, read> queries: array<f32>;
  @group(0) @binding(2) var<storage, read> references: array<f32>;
  @group(0) @binding(3) var<storage, read> indices: array<u32>;
  @group(0) @binding(4) var<storage, read_write> squares: array<f32>;
  @compute @workgroup_size(64)
  fn main(@builtin(global_invocation_id) id: vec3u) {
    let pair = id.x + id.y * params.stride;
    if (pair >= params.queries * params.keep) { return; }
    let index = indices[pair];
    if (index < params.first || index >= params.first + params.references) { return; }
    let query = (pair / params.keep) * params.columns;
    let reference = (index - params.first) * params.columns;
    var sum = 0.0;
    for (var start = 0u; start < params.columns; start += 16u) {
      var part = 0.0;
      for (var column = start; column < min(start + 16u, params.columns); column++) {
        let difference = (queries[query + column] - references[reference + column]) * params.scale;
        part = fma(difference, difference, part);
      }
      sum += part;
    }
    squares[pair] = sum;
  }`
