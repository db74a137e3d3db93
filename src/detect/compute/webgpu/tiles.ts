/** Columns that are in workgroup memory at a time. */
const DEPTH = 16

export type Tile = 64 | 128

export interface Product {
  readonly tile: Tile
  /** Expression of the first row of the left and of the right tile. */
  readonly left: string
  readonly right: string
  /** Expression of how many terms there are. */
  readonly depth: string
  /** Takes `sum` (vec4f, four columns), `a` (f32) and `b` (vec4f), gives the new sum. */
  readonly fold: string
}

export const PRODUCT_SUM = 'fma(vec4f(a), b, sum)'
export const SQUARED_DIFFERENCES = 'fma(vec4f(a) - b, vec4f(a) - b, sum)'

/** Declarations that `product` needs. The shader defines loadLeft and loadRight: (first row of four, term) -> vec4f. */
export function tileMemory(tile: Tile): string {
  const quads = tile / 4
  return /* wgsl */ `
    const PARTS = ${tile / 64}u;
    const QUADS = ${quads}u;
    var<workgroup> leftTile: array<vec4f, ${DEPTH * quads}>;
    var<workgroup> rightTile: array<vec4f, ${DEPTH * quads}>;`
}

/**
 * One tile × tile block of a matrix product by 16 × 16 threads, left in `sums`. Thread (tx, ty) has the rows
 * left + rowOf(part, lane) and the columns right + columnOf(part, lane); sums[(part * 4 + lane) * PARTS + columnPart] holds
 * four columns. Loops have constant bounds, for drivers to unroll: what is unrolled in the text takes SwiftShader minutes.
 * Each sum adds its terms in their order, so a row's results do not depend on the rows beside it. The sums are set to zero
 * in so many words: without them a second block in the same loop went on from the first one's sums on SwiftShader.
 */
export function product({ tile, left, right, depth, fold }: Product): string {
  return /* wgsl */ `
    let tx = local % 16u;
    let ty = local / 16u;
    var sums = array<vec4f, ${(tile / 16) * (tile / 64)}>();
    for (var start = 0u; start < ${depth}; start += ${DEPTH}u) {
      for (var part = 0u; part < PARTS; part++) {
        let quad = ty + part * 16u;
        leftTile[tx * QUADS + quad] = loadLeft(${left} + quad * 4u, start + tx);
        rightTile[tx * QUADS + quad] = loadRight(${right} + quad * 4u, start + tx);
      }
      workgroupBarrier();
      for (var term = 0u; term < ${DEPTH}u; term++) {
        var b4: array<vec4f, PARTS>;
        for (var part = 0u; part < PARTS; part++) { b4[part] = rightTile[term * QUADS + tx + part * 16u]; }
        for (var part = 0u; part < PARTS; part++) {
          let a4 = leftTile[term * QUADS + ty + part * 16u];
          for (var lane = 0u; lane < 4u; lane++) {
            let a = a4[lane];
            for (var columnPart = 0u; columnPart < PARTS; columnPart++) {
              let at = (part * 4u + lane) * PARTS + columnPart;
              let b = b4[columnPart];
              let sum = sums[at];
              sums[at] = ${fold};
            }
          }
        }
      }
      workgroupBarrier();
    }`
}

/** Where a thread's results lie within its tile. */
export const PLACES = /* wgsl */ `
  fn rowOf(local: u32, part: u32, lane: u32) -> u32 { return (local / 16u + part * 16u) * 4u + lane; }
  fn columnOf(local: u32, part: u32, lane: u32) -> u32 { return (local % 16u + part * 16u) * 4u + lane; }`

/** Defines `name`: four rows, from `first`, of a row-major matrix in the storage `values` at column `column`; zero outside. */
export function rowLoader(name: string, values: string, rows: string, columns: string, map = 'value'): string {
  return /* wgsl */ `
    fn ${name}(first: u32, column: u32) -> vec4f {
      var four = vec4f();
      if (column < ${columns}) {
        for (var lane = 0u; lane < 4u; lane++) {
          if (first + lane < ${rows}) {
            let value = ${values}[(first + lane) * ${columns} + column];
            four[lane] = ${map};
          }
        }
      }
      return four;
    }`
}
