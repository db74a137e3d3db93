import { ADAM } from '../plan/training.ts'

/** Threads of a workgroup, for both. */
export const THREADS = 128

const LAYER = /* wgsl */ `
  struct Layer { inputs: u32, outputs: u32, numbers: u32, given: u32, made: u32, relu: u32 }`

/**
 * A workgroup takes one row through all layers and back: what each layer makes, and how the error changes with it. A
 * layer's numbers are the weights of each input to all outputs, then the bias. Every sum adds its terms in their order.
 */
export const LEARN = /* wgsl */ `
  struct Params { layers: u32, columns: u32, stride: u32, first: u32 }
  ${LAYER}
  @group(0) @binding(0) var<uniform> params: Params;
  @group(0) @binding(1) var<storage, read> table: array<Layer>;
  @group(0) @binding(2) var<storage, read> rows: array<f32>;
  @group(0) @binding(3) var<storage, read> weights: array<f32>;
  @group(0) @binding(4) var<storage, read_write> values: array<f32>;
  @group(0) @binding(5) var<storage, read_write> deltas: array<f32>;
  @compute @workgroup_size(${THREADS})
  fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let base = group.x * params.stride;
    let row = (params.first + group.x) * params.columns;
    for (var at = local; at < params.columns; at += ${THREADS}u) { values[base + at] = rows[row + at]; }
    storageBarrier();
    for (var index = 0u; index < params.layers; index++) {
      let layer = table[index];
      for (var output = local; output < layer.outputs; output += ${THREADS}u) {
        var sum = weights[layer.numbers + layer.inputs * layer.outputs + output];
        for (var input = 0u; input < layer.inputs; input++) {
          sum = fma(values[base + layer.given + input], weights[layer.numbers + input * layer.outputs + output], sum);
        }
        if (layer.relu == 1u) { sum = max(sum, 0.0); }
        values[base + layer.made + output] = sum;
      }
      storageBarrier();
    }
    let last = table[params.layers - 1u];
    for (var at = local; at < params.columns; at += ${THREADS}u) {
      let made = values[base + last.made + at];
      var delta = 2.0 * (made - values[base + at]);
      if (last.relu == 1u && made <= 0.0) { delta = 0.0; }
      deltas[base + last.made + at] = delta;
    }
    storageBarrier();
    for (var above = params.layers - 1u; above > 0u; above--) {
      let layer = table[above];
      let relu = table[above - 1u].relu;
      for (var input = local; input < layer.inputs; input += ${THREADS}u) {
        var sum = 0.0;
        for (var output = 0u; output < layer.outputs; output++) {
          sum = fma(deltas[base + layer.made + output], weights[layer.numbers + input * layer.outputs + output], sum);
        }
        if (relu == 1u && values[base + layer.given + input] <= 0.0) { sum = 0.0; }
        deltas[base + layer.given + input] = sum;
      }
      storageBarrier();
    }
  }`

/** A thread a number: its slope over the rows of the batch, then a step of Adam. A layer along z. */
export const DESCEND = /* wgsl */ `
  struct Params { rows: u32, stride: u32, threads: u32, rate: f32, share: f32 }
  ${LAYER}
  @group(0) @binding(0) var<uniform> params: Params;
  @group(0) @binding(1) var<storage, read> table: array<Layer>;
  @group(0) @binding(2) var<storage, read> values: array<f32>;
  @group(0) @binding(3) var<storage, read> deltas: array<f32>;
  @group(0) @binding(4) var<storage, read_write> weights: array<f32>;
  @group(0) @binding(5) var<storage, read_write> means: array<f32>;
  @group(0) @binding(6) var<storage, read_write> squares: array<f32>;
  @compute @workgroup_size(${THREADS})
  fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let layer = table[group.z];
    let count = (layer.inputs + 1u) * layer.outputs;
    for (var own = group.x * ${THREADS}u + local; own < count; own += params.threads) {
      let input = own / layer.outputs;
      let output = own % layer.outputs;
      var slope = 0.0;
      for (var row = 0u; row < params.rows; row++) {
        let base = row * params.stride;
        var value = 1.0;
        if (input < layer.inputs) { value = values[base + layer.given + input]; }
        slope = fma(value, deltas[base + layer.made + output], slope);
      }
      slope *= params.share;
      let at = layer.numbers + own;
      let mean = means[at] + ${ADAM.mean} * (slope - means[at]);
      let square = squares[at] + ${ADAM.square} * (slope * slope - squares[at]);
      means[at] = mean;
      squares[at] = square;
      weights[at] -= params.rate * mean / (sqrt(square) + ${ADAM.epsilon});
    }
  }`
