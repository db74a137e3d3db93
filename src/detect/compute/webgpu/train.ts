import type { Layer, Matrix, TrainPlan } from '../../../contract/compute.ts'
import { checkTrained } from '../plan/shapes.ts'
import { epochOrders, rateOf } from '../plan/training.ts'
import type { Device } from './device.ts'
import { float, storage, upload, type Job } from './job.ts'
import { DESCEND, LEARN, THREADS } from './train-wgsl.ts'

/** Of one submission: steps, two dispatches each, and bytes of rows that go up with them. */
const MOST_STEPS = 256
const MOST_BYTES = 64 * 1024 * 1024

/** A layer's numbers begin at `numbers`: for each input its weights to all outputs, then the bias. */
interface Place extends Pick<Layer, 'inputs' | 'outputs' | 'activation'> {
  readonly numbers: number
  /** Where in a row of values its inputs and its outputs begin. */
  readonly given: number
  readonly made: number
}

interface Network {
  readonly places: readonly Place[]
  /** Of all layers, and of the largest. */
  readonly numbers: number
  readonly largest: number
  /** Values of a row: the sample, then what each layer makes of it. */
  readonly stride: number
}

/** What stays on the GPU from the first step to the last. */
interface Resident {
  readonly table: GPUBuffer
  readonly weights: GPUBuffer
  readonly means: GPUBuffer
  readonly squares: GPUBuffer
  readonly values: GPUBuffer
  readonly deltas: GPUBuffer
}

/** Some steps: their rows one after another, and for each step how many rows it takes and its rate. */
interface Lesson {
  readonly rows: Float32Array
  readonly steps: readonly { readonly rows: number; readonly rate: number }[]
}

/**
 * Weights and moments are on the GPU until the training ends; of the samples each submission brings its rows, in their
 * order. Each is waited for, so that a lost device is noticed and work does not pile up.
 */
export async function mlpTrain(
  device: Device,
  samples: Matrix,
  start: readonly Layer[],
  plan: TrainPlan,
): Promise<readonly Layer[]> {
  const network = networkOf(samples.columns, start)
  const batch = Math.min(plan.batch, samples.rows)
  const heaviest = 4 * Math.max(network.numbers, batch * network.stride)
  if (heaviest > device.bindingBytes)
    throw new RangeError(
      `a network or batch of ${heaviest} bytes is more than the ${device.bindingBytes} that this GPU binds at once`,
    )
  const learn = await device.pipeline(LEARN)
  const descend = await device.pipeline(DESCEND)
  const resident = await device.guarded((gpu) => settle(gpu, network, start, batch))
  try {
    let numbers: readonly Float32Array[] = []
    for (const lesson of lessonsOf(samples, plan, Math.min(MOST_BYTES, device.bindingBytes))) {
      const read = await device.run((job) => {
        teach(job, { learn, descend }, network, resident, lesson, device.workgroups)
        return [resident.weights, resident.squares]
      })
      numbers = read.map((part) => new Float32Array(part))
    }
    checkTrained(...numbers)
    return network.places.map((place) => unpack(numbers[0] ?? new Float32Array(0), place))
  } finally {
    for (const buffer of Object.values(resident) as GPUBuffer[]) buffer.destroy()
  }
}

function networkOf(columns: number, layers: readonly Layer[]): Network {
  let [numbers, largest, given] = [0, 0, 0]
  const places = layers.map(({ inputs, outputs, activation }): Place => {
    const place = { inputs, outputs, activation, numbers, given, made: given + inputs }
    numbers += (inputs + 1) * outputs
    largest = Math.max(largest, (inputs + 1) * outputs)
    given += inputs
    return place
  })
  return { places, numbers, largest, stride: given + columns }
}

function settle(
  gpu: GPUDevice,
  { places, numbers, stride }: Network,
  start: readonly Layer[],
  batch: number,
): Resident {
  const packed = new Float32Array(numbers)
  for (const [index, place] of places.entries()) pack(packed, place, start[index])
  const table = places.flatMap((place) => {
    const relu = place.activation === 'relu' ? 1 : 0
    return [place.inputs, place.outputs, place.numbers, place.given, place.made, relu]
  })
  return {
    table: upload(gpu, Uint32Array.from(table)),
    weights: upload(gpu, packed),
    means: storage(gpu, numbers),
    squares: storage(gpu, numbers),
    values: storage(gpu, batch * stride),
    deltas: storage(gpu, batch * stride),
  }
}

function* lessonsOf({ rows, columns, values }: Matrix, plan: TrainPlan, most: number): Generator<Lesson> {
  const steps = Math.max(1, Math.min(MOST_STEPS, Math.floor(most / (4 * columns * plan.batch))))
  let step = 0
  for (const order of epochOrders(rows, plan))
    for (let from = 0; from < rows; from += steps * plan.batch) {
      const taken = order.subarray(from, from + steps * plan.batch)
      const lesson = new Float32Array(taken.length * columns)
      for (const [place, row] of taken.entries())
        lesson.set(values.subarray(row * columns, (row + 1) * columns), place * columns)
      const sizes = Array.from({ length: Math.ceil(taken.length / plan.batch) }, (_, index) => ({
        rows: Math.min(plan.batch, taken.length - index * plan.batch),
        rate: rateOf(plan, ++step),
      }))
      yield { rows: lesson, steps: sizes }
    }
}

function teach(
  job: Job,
  { learn, descend }: { readonly learn: GPUComputePipeline; readonly descend: GPUComputePipeline },
  { places, largest, stride }: Network,
  { table, weights, means, squares, values, deltas }: Resident,
  { rows, steps }: Lesson,
  workgroups: number,
): void {
  const uploaded = job.upload(rows)
  const groups = Math.min(workgroups, Math.ceil(largest / THREADS))
  const columns = places[0]?.inputs ?? 0
  let first = 0
  for (const step of steps) {
    const row = job.params(places.length, columns, stride, first)
    job.dispatch(learn, [row, table, uploaded, weights, values, deltas], [step.rows])
    const number = job.params(step.rows, stride, groups * THREADS, float(step.rate), float(1 / step.rows))
    job.dispatch(descend, [number, table, values, deltas, weights, means, squares], [groups, 1, places.length])
    first += step.rows
  }
}

function pack(packed: Float32Array, { numbers, inputs, outputs }: Place, layer: Layer | undefined): void {
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++)
      packed[numbers + input * outputs + output] = layer?.weights[output * inputs + input] ?? NaN
    packed[numbers + inputs * outputs + output] = layer?.bias[output] ?? NaN
  }
}

function unpack(trained: Float32Array, { numbers, inputs, outputs, activation }: Place): Layer {
  const bias = numbers + inputs * outputs
  const weights = new Float32Array(inputs * outputs)
  for (let output = 0; output < outputs; output++)
    for (let input = 0; input < inputs; input++)
      weights[output * inputs + input] = trained[numbers + input * outputs + output] ?? NaN
  return { inputs, outputs, weights, bias: trained.slice(bias, bias + outputs), activation }
}
