import type { Layer, Matrix, TrainPlan } from '../../../contract/compute.ts'
import { checkTrained } from '../plan/shapes.ts'
import { ADAM, epochOrders, rateOf } from '../plan/training.ts'
import type { Tensor, TensorFlow } from './tensorflow.ts'

/** All numbers of the network in one tensor, layer by layer the weights and then the bias; and the moments of Adam. */
interface State {
  readonly numbers: Tensor
  readonly first: Tensor
  readonly second: Tensor
}

/**
 * The products forward and back, and Adam on all numbers at once; everything stays on TensorFlow's device to the end but
 * the samples, which come epoch by epoch in their order. Other calls wait for the thread meanwhile.
 */
export function train(tf: TensorFlow, samples: Matrix, start: readonly Layer[], plan: TrainPlan): readonly Layer[] {
  const packed = Float32Array.from(start.flatMap(({ weights, bias }) => [...weights, ...bias]))
  const size = packed.length
  const none = new Float32Array(size)
  let state: State = {
    numbers: tf.tensor(packed, [size]),
    first: tf.tensor(none, [size]),
    second: tf.tensor(none, [size]),
  }
  let lesson: Tensor | undefined
  try {
    let step = 0
    for (const order of epochOrders(samples.rows, plan)) {
      lesson = tf.tensor(inOrder(samples, order), [samples.rows, samples.columns])
      for (let from = 0; from < samples.rows; from += plan.batch) {
        const rows = Math.min(plan.batch, samples.rows - from)
        const whole = lesson
        const rate = rateOf(plan, ++step)
        const next = tf.tidy(() => {
          const batch = tf.slice(whole, [from, 0], [rows, samples.columns])
          return descend(tf, state, tf.mul(slopesOf(tf, state.numbers, start, batch), 1 / rows), rate)
        })
        release(state)
        state = next
      }
      lesson.dispose()
    }
    const numbers = state.numbers.dataSync()
    checkTrained(numbers, state.second.dataSync())
    return unpack(numbers, start)
  } finally {
    lesson?.dispose()
    release(state)
  }
}

function release({ numbers, first, second }: State): void {
  for (const tensor of [numbers, first, second]) tensor.dispose()
}

function inOrder({ columns, values }: Matrix, order: Uint32Array): Float32Array {
  const taken = new Float32Array(values.length)
  for (const [place, row] of order.entries())
    taken.set(values.subarray(row * columns, (row + 1) * columns), place * columns)
  return taken
}

/** Summed over the rows of the batch, in the order of `numbers`. */
function slopesOf(tf: TensorFlow, numbers: Tensor, layers: readonly Layer[], batch: Tensor): Tensor {
  const weights: Tensor[] = []
  const made: Tensor[] = [batch]
  let [at, values] = [0, batch]
  for (const { inputs, outputs, activation } of layers) {
    const own = tf.reshape(tf.slice(numbers, [at], [inputs * outputs]), [outputs, inputs])
    const bias = tf.slice(numbers, [at + inputs * outputs], [outputs])
    const sum = tf.add(tf.matMul(values, own, false, true), bias)
    values = activation === 'relu' ? tf.relu(sum) : sum
    weights.push(own)
    made.push(values)
    at += (inputs + 1) * outputs
  }
  const slopes: Tensor[] = []
  let delta = tf.mul(tf.sub(values, batch), 2)
  for (let index = layers.length - 1; index >= 0; index--) {
    const [layer, own, given, output] = [layers[index], weights[index], made[index], made[index + 1]]
    if (!layer || !own || !given || !output) break
    if (layer.activation === 'relu') delta = tf.mul(delta, tf.sign(output))
    const slope = tf.reshape(tf.matMul(delta, given, true, false), [layer.inputs * layer.outputs])
    slopes.unshift(slope, tf.sum(delta, 0))
    if (index > 0) delta = tf.matMul(delta, own)
  }
  return tf.concat(slopes)
}

function descend(tf: TensorFlow, { numbers, first, second }: State, slopes: Tensor, rate: number): State {
  const mean = tf.add(first, tf.mul(tf.sub(slopes, first), ADAM.mean))
  const square = tf.add(second, tf.mul(tf.sub(tf.mul(slopes, slopes), second), ADAM.square))
  const change = tf.div(mean, tf.add(tf.sqrt(square), ADAM.epsilon))
  return { numbers: tf.sub(numbers, tf.mul(change, rate)), first: mean, second: square }
}

function unpack(numbers: Float32Array, start: readonly Layer[]): readonly Layer[] {
  let at = 0
  return start.map(({ inputs, outputs, activation }) => {
    const bias = at + inputs * outputs
    const weights = numbers.slice(at, bias)
    at = bias + outputs
    return { inputs, outputs, weights, bias: numbers.slice(bias, at), activation }
  })
}
