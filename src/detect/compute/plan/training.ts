import type { TrainPlan } from '../../../contract/compute.ts'
import { seededRandom } from '../../../runtime/random.ts'

/** Of Adam: what one step adds to the mean and to the mean square of a slope, and what keeps the quotient finite. */
export const ADAM = { mean: 1 - 0.9, square: 1 - 0.999, epsilon: 1e-8 } as const

/** For each epoch the rows in the order in which all devices take them (Fisher and Yates); valid until the next. */
export function* epochOrders(rows: number, { epochs, seed }: TrainPlan): Generator<Uint32Array> {
  const random = seededRandom(seed)
  const order = Uint32Array.from({ length: rows }, (_, row) => row)
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let last = rows - 1; last > 0; last--) {
      const other = Math.floor(random.next() * (last + 1))
      const row = order[last] ?? 0
      order[last] = order[other] ?? 0
      order[other] = row
    }
    yield order
  }
}

/** The rate of step 1, 2, …: what makes up for moments that began at zero. */
export function rateOf({ rate }: TrainPlan, step: number): number {
  return (rate * Math.sqrt(1 - (1 - ADAM.square) ** step)) / (1 - (1 - ADAM.mean) ** step)
}
