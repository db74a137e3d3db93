import type { FourierPlan, Matrix } from '../../../contract/compute.ts'
import { SINE, transformChecked } from '../plan/fourier.ts'
import { fourierNumbers } from '../plan/plan.ts'
import type { Device } from './device.ts'

/** Rows in one submission. */
const MOST_ROWS = 16_384

/** One workgroup a row and block: three rounds of signs and Walsh-Hadamard in workgroup memory, then the cosine. */
export function features(width: number): string {
  return /* wgsl */ `
  struct Params { columns: u32, features: u32 }
  const WIDTH = ${width}u;
  @group(0) @binding(0) var<uniform> params: Params;
  @group(0) @binding(1) var<storage, read> inputs: array<f32>;
  @group(0) @binding(2) var<storage, read> signs: array<f32>;
  @group(0) @binding(3) var<storage, read> turns: array<f32>;
  @group(0) @binding(4) var<storage, read> phases: array<f32>;
  @group(0) @binding(5) var<storage, read_write> found: array<f32>;
  var<workgroup> values: array<f32, WIDTH>;
  fn cosineOfTurns(t: f32) -> f32 {
    let u = 0.25 - abs(t - round(t));
    let square = u * u;
    return u * fma(fma(fma(fma(${SINE[4]}, square, ${SINE[3]}), square, ${SINE[2]}), square, ${SINE[1]}), square, ${SINE[0]});
  }
  @compute @workgroup_size(256)
  fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    for (var at = local; at < WIDTH; at += 256u) {
      var value = 0.0;
      if (at < params.columns) { value = inputs[group.x * params.columns + at]; }
      values[at] = value;
    }
    for (var round = 0u; round < 3u; round++) {
      for (var at = local; at < WIDTH; at += 256u) { values[at] *= signs[(group.y * 3u + round) * WIDTH + at]; }
      workgroupBarrier();
      for (var half = 1u; half < WIDTH; half *= 2u) {
        for (var pair = local; pair < WIDTH / 2u; pair += 256u) {
          let at = (pair / half) * 2u * half + pair % half;
          let low = values[at];
          let high = values[at + half];
          values[at] = low + high;
          values[at + half] = low - high;
        }
        workgroupBarrier();
      }
    }
    for (var at = local; at < WIDTH; at += 256u) {
      let feature = group.y * WIDTH + at;
      found[group.x * params.features + feature] = cosineOfTurns(fma(values[at], turns[group.y], phases[feature]));
    }
  }`
}

/** Random Fourier features of each row. A plan too wide for workgroup memory is computed on the CPU, always. */
export async function fourierFeatures(
  device: Device,
  inputs: Matrix,
  plan: FourierPlan,
  into?: Float32Array,
): Promise<Matrix> {
  const { rows, columns } = inputs
  const numbers = fourierNumbers(plan)
  const result = { rows, columns: plan.features, values: into ?? new Float32Array(rows * plan.features) }
  const step = Math.min(
    MOST_ROWS,
    device.workgroups,
    Math.floor(device.bindingBytes / (4 * Math.max(plan.features, columns))),
  )
  if (numbers.width * 4 > device.workgroupBytes || numbers.blocks > device.workgroups || step === 0) {
    device.alive()
    for (let row = 0; row < rows; row++)
      transformChecked(
        numbers,
        inputs.values.subarray(row * columns, (row + 1) * columns),
        result.values.subarray(row * plan.features, (row + 1) * plan.features),
      )
    return result
  }
  const pipeline = await device.pipeline(features(numbers.width))
  for (let first = 0; first < rows; first += step) {
    const count = Math.min(step, rows - first)
    const [read] = await device.run((job) => {
      const found = job.storage(count * plan.features)
      const bound = [
        job.params(columns, plan.features),
        job.upload(inputs.values.subarray(first * columns, (first + count) * columns)),
        job.upload(numbers.signs),
        job.upload(numbers.turns),
        job.upload(numbers.phases),
        found,
      ]
      job.dispatch(pipeline, bound, [count, numbers.blocks])
      return [found]
    })
    if (read) result.values.set(new Float32Array(read), first * plan.features)
  }
  return result
}
