import type { Layer, Matrix, TrainPlan } from '../../../contract/compute.ts'
import { checkTrained } from '../plan/shapes.ts'
import { lengthOf, placesOf, trainScratch, type Place, type TrainTask } from './train.ts'
import type { Caller } from './wasm.ts'

/** Each step needs the one before: one task, on a thread if it is large. */
export async function trainLayers(
  caller: Caller,
  samples: Matrix,
  start: readonly Layer[],
  plan: TrainPlan,
): Promise<readonly Layer[]> {
  const { rows, columns, values } = samples
  const layers = start.map(({ inputs, outputs, activation }) => ({ inputs, outputs, activation }))
  const places = placesOf(layers)
  const numbers = lengthOf(places)
  const packed = new Float32Array(numbers)
  for (const [index, place] of places.entries()) pack(packed, place, start[index])
  return caller.work(3 * numbers * rows * plan.epochs, async ({ desk, run }) => {
    const task: TrainTask = {
      kind: 'train',
      samples: desk.put(values),
      rows,
      columns,
      layers,
      start: desk.put(packed),
      plan,
      trained: desk.take(2 * numbers * 4),
      scratch: desk.take(trainScratch(layers, Math.min(plan.batch, rows))),
    }
    await run([task])
    const trained = desk.core.f32.slice(task.trained / 4, task.trained / 4 + 2 * numbers)
    checkTrained(trained)
    return places.map((place) => unpack(trained, place))
  })
}

function pack(numbers: Float32Array, { at, stride, bias, inputs, outputs }: Place, layer: Layer | undefined): void {
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++)
      numbers[at + input * stride + output] = layer?.weights[output * inputs + input] ?? NaN
    numbers[at + bias * stride + output] = layer?.bias[output] ?? NaN
  }
}

function unpack(numbers: Float32Array, { at, stride, bias, inputs, outputs, activation }: Place): Layer {
  const from = at + bias * stride
  const weights = new Float32Array(outputs * inputs)
  for (let output = 0; output < outputs; output++)
    for (let input = 0; input < inputs; input++)
      weights[output * inputs + input] = numbers[at + input * stride + output] ?? NaN
  return { inputs, outputs, weights, bias: numbers.slice(from, from + outputs), activation }
}
