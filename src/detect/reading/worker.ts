import { parentPort, workerData } from 'node:worker_threads'
import type { Reader } from '../../contract/detect.ts'
import { detectors } from '../index.ts'
import { CHUNK, DONE, FREE, OURS, TAKEN, wordOf, type Desk, type Order, type Place, type Room } from './room.ts'

interface Seat {
  readonly reader: Reader
  readonly from: number
}

const { room, places, thread } = workerData as Desk
const seats = await Promise.all(places.map(seatOf))

parentPort?.on('message', (order: Order) => work(room, order))
Atomics.store(room.ready, thread, 1)

async function seatOf({ kind, name, key, reference, config, from }: Place): Promise<Seat> {
  const reader = await detectors.find((plugin) => plugin.kind === kind)?.reader?.open(config, { name, key, reference })
  if (!reader) throw new Error(`no reader of kind ${kind}`)
  return { reader, from }
}

/** Reads a chunk that nobody has begun yet; one that cannot be read is handed back, and fails where it always would. */
function work({ control, numbers, width }: Room, { batch, chunk, prompts, outputs }: Order): void {
  const [free, taken] = [wordOf(batch, FREE), wordOf(batch, TAKEN)]
  if (Atomics.compareExchange(control, chunk, free, taken) !== free) return
  let state = DONE
  try {
    const first = chunk * CHUNK * width
    numbers.fill(0, first, first + prompts.length * width)
    for (let row = 0; row < prompts.length; row++) {
      const [prompt, output] = [prompts[row], outputs[row]]
      if (prompt === undefined && output === undefined) continue
      const texts = { ...(prompt === undefined ? {} : { prompt }), ...(output === undefined ? {} : { output }) }
      for (const { reader, from } of seats) reader.read(texts, numbers, first + row * width + from)
    }
  } catch {
    state = OURS
  }
  Atomics.store(control, chunk, wordOf(batch, state))
  Atomics.notify(control, chunk)
}
