import type { Features, FourierPlan, Matrix } from '../../../contract/compute.ts'
import { FEATURE_SCALE, SINE, transformChecked } from '../plan/fourier.ts'
import { fourierNumbers } from '../plan/plan.ts'
import type { Device } from './device.ts'

/** Rows in one submission. */
const MOST_ROWS = 16_384
/** Features in a word of the shader. */
const IN_WORD = 4

/**
 * One workgroup a row and block: three rounds of signs and Walsh-Hadamard in workgroup memory, then the cosine, rounded,
 * four features a word. `width` is a multiple of 4.
 */
export function features(width: number): string {
  return /* wgsl */ `
  struct Params { columns: u32, words: u32 }
  const WIDTH = ${width}u;
  @group(0) @binding(0) var<uniform> params: Params;
  @group(0) @binding(1) var<storage, read> inputs: array<f32>;
  @group(0) @binding(2) var<storage, read> signs: array<f32>;
  @group(0) @binding(3) var<storage, read> turns: array<f32>;
  @group(0) @binding(4) var<storage, read> phases: array<f32>;
  @group(0) @binding(5) var<storage, read_write> found: array<u32>;
  var<workgroup> values: array<f32, WIDTH>;
  fn cosineOfTurns(t: f32) -> f32 {
    let u = 0.25 - abs(t - round(t));
    let square = u * u;
    return u * fma(fma(fma(fma(${SINE[4]}, square, ${SINE[3]}), square, ${SINE[2]}), square, ${SINE[1]}), square, ${SINE[0]});
  }
  fn feature(cosine: f32) -> u32 { return bitcast<u32>(i32(floor(fma(cosine, ${FEATURE_SCALE}.0, 0.5)))) & 0xffu; }
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
    for (var word = local; word < WIDTH / ${IN_WORD}u; word += 256u) {
      var packed = 0u;
      for (var byte = 0u; byte < ${IN_WORD}u; byte++) {
        let at = word * ${IN_WORD}u + byte;
        let t = fma(values[at], turns[group.y], phases[group.y * WIDTH + at]);
        packed |= feature(cosineOfTurns(t)) << (8u * byte);
      }
      found[group.x * params.words + group.y * (WIDTH / ${IN_WORD}u) + word] = packed;
    }
  }`
}

/** Random Fourier features of each row. A plan too wide for workgroup memory, or narrower than a word, is computed on the CPU, always. */
export async function fourierFeatures(
  device: Device,
  inputs: Matrix,
  plan: FourierPlan,
  into?: Int8Array,
): Promise<Features> {
  const { rows, columns } = inputs
  const numbers = fourierNumbers(plan)
  const result = { rows, columns: plan.features, values: into ?? new Int8Array(rows * plan.features) }
  const words = plan.features / IN_WORD
  const step = Math.min(MOST_ROWS, device.workgroups, Math.floor(device.bindingBytes / (4 * Math.max(words, columns))))
  const isNarrow = numbers.width < IN_WORD
  if (isNarrow || numbers.width * 4 > device.workgroupBytes || numbers.blocks > device.workgroups || step === 0) {
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
      const found = job.storage(count * words)
      const bound = [
        job.params(columns, words),
        job.upload(inputs.values.subarray(first * columns, (first + count) * columns)),
        job.upload(numbers.signs),
        job.upload(numbers.turns),
        job.upload(numbers.phases),
        found,
      ]
      job.dispatch(pipeline, bound, [count, numbers.blocks])
      return [found]
    })
    if (read) result.values.set(new Int8Array(read, 0, count * plan.features), first * plan.features)
  }
  return result
}
