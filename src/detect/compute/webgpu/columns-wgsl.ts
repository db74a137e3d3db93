/** Words that the scan gives for a column: rank and count where the gap is largest, then the counts up to nine edges. */
export const SCAN_RESULTS = 11

/**
 * A thread a column and every stride-th row: where the value lies in the sorted reference. Cell 2j + 1 counts the values
 * equal to reference j (of equal ones the first), cell 2j those below it and above the one before.
 */
export const COUNT = /* wgsl */ `
  struct Params { rows: u32, columns: u32, first: u32, count: u32, references: u32, stride: u32 }
  @group(0) @binding(0) var<uniform> params: Params;
  @group(0) @binding(1) var<storage, read> values: array<u32>;
  @group(0) @binding(2) var<storage, read> sorted: array<u32>;
  @group(0) @binding(3) var<storage, read_write> counters: array<atomic<u32>>;
  fn keyOf(bits: u32) -> u32 {
    if (bits == 0x80000000u) { return bits; }
    if ((bits >> 31u) == 1u) { return ~bits; }
    return bits | 0x80000000u;
  }
  @compute @workgroup_size(64, 4)
  fn main(@builtin(global_invocation_id) id: vec3u) {
    if (id.x >= params.count) { return; }
    let base = id.x * params.references;
    for (var row = id.y; row < params.rows; row += params.stride) {
      let key = keyOf(values[row * params.columns + params.first + id.x]);
      var low = 0u;
      var high = params.references;
      while (low < high) {
        let middle = (low + high) / 2u;
        if (sorted[base + middle] < key) { low = middle + 1u; } else { high = middle; }
      }
      var cell = 2u * low;
      if (low < params.references) { if (sorted[base + low] == key) { cell += 1u; } }
      atomicAdd(&counters[id.x * (2u * params.references + 1u) + cell], 1u);
    }
  }`

/**
 * A workgroup a column: running counts, and the largest gap between the two distribution functions just before and at
 * each different reference value. Products wrap around, their differences do not where n · m < 2^31 (`exact`).
 */
export const SCAN = /* wgsl */ `
  struct Params { references: u32, rows: u32, exact: u32 }
  @group(0) @binding(0) var<uniform> params: Params;
  @group(0) @binding(1) var<storage, read> sorted: array<u32>;
  @group(0) @binding(2) var<storage, read> edges: array<u32>;
  @group(0) @binding(3) var<storage, read_write> counters: array<u32>;
  @group(0) @binding(4) var<storage, read_write> found: array<u32>;
  var<workgroup> runs: array<u32, 256>;
  var<workgroup> gaps: array<u32, 256>;
  var<workgroup> places: array<vec2u, 256>;
  fn gapOf(rank: u32, count: u32) -> u32 {
    if (params.exact == 1u) { return u32(abs(i32(rank * params.rows - count * params.references))); }
    return u32(abs(f32(rank) / f32(params.references) - f32(count) / f32(params.rows)) * 1073741824.0);
  }
  @compute @workgroup_size(256)
  fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let n = params.references;
    let values = group.x * n;
    let cells = group.x * (2u * n + 1u);
    let each = (n + 255u) / 256u;
    let begin = min(n, local * each);
    let to = min(n, begin + each);
    var own = 0u;
    for (var at = begin; at < to; at++) { own += counters[cells + 2u * at] + counters[cells + 2u * at + 1u]; }
    runs[local] = own;
    workgroupBarrier();
    var count = 0u;
    for (var at = 0u; at < local; at++) { count += runs[at]; }
    var gap = 0u;
    var place = vec2u();
    for (var at = begin; at < to; at++) {
      let value = sorted[values + at];
      count += counters[cells + 2u * at];
      var starts = at == 0u;
      if (at > 0u) { starts = sorted[values + at - 1u] != value; }
      var ends = at + 1u == n;
      if (at + 1u < n) { ends = sorted[values + at + 1u] != value; }
      if (starts && gapOf(at, count) > gap) { gap = gapOf(at, count); place = vec2u(at, count); }
      count += counters[cells + 2u * at + 1u];
      if (ends && gapOf(at + 1u, count) > gap) { gap = gapOf(at + 1u, count); place = vec2u(at + 1u, count); }
      counters[cells + 2u * at + 1u] = count;
    }
    gaps[local] = gap;
    places[local] = place;
    storageBarrier();
    workgroupBarrier();
    if (local == 0u) {
      for (var at = 1u; at < 256u; at++) { if (gaps[at] > gap) { gap = gaps[at]; place = places[at]; } }
      found[group.x * ${SCAN_RESULTS}u] = place.x;
      found[group.x * ${SCAN_RESULTS}u + 1u] = place.y;
    }
    if (local < 9u) { found[group.x * ${SCAN_RESULTS}u + 2u + local] = counters[cells + 2u * edges[local] + 1u]; }
  }`
