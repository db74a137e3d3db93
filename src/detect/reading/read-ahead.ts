import { Worker } from 'node:worker_threads'
import type { DetectorPlugin, Reading } from '../../contract/detect.ts'
import type { Event } from '../../contract/event.ts'
import type { Counter, Given, Log } from '../../contract/plugin.ts'
import { reasonOf } from '../../runtime/errors.ts'
import { CHUNK, DONE, FREE, MOST_REQUESTS, OURS, roomFor, TAKEN, wordOf } from './room.ts'
import type { Desk, Order, Place, Room } from './room.ts'

/** Fewer requests are read on the spot: handing them over would take as long. */
const FEWEST_REQUESTS = 2 * CHUNK
/** Characters of a chunk that are handed over; one of longer texts is read on the spot, so that they are not held twice. */
const MOST_CHARACTERS = 4_194_304
/** A thread that has not read its chunk by then is not waited for again. */
const PATIENCE_MS = 5_000

/** A detector, as it stands in the order in which events are scored. */
export interface Listed {
  readonly name: string
  readonly plugin: DetectorPlugin<unknown>
  readonly config: unknown
  readonly key: Uint8Array
  readonly reference: Uint8Array | undefined
}

/** Where a detector's numbers are, moved on from request to request. */
class Cursor implements Reading {
  readonly numbers: Float64Array
  readonly #from: number
  at = 0

  constructor(numbers: Float64Array, from: number) {
    this.numbers = numbers
    this.#from = from
  }

  move(first: number): void {
    this.at = first + this.#from
  }
}

/**
 * Has the texts of large batches read by other threads (`Reader`) while this one goes through the requests in order. Who
 * comes to a chunk first reads it, this thread included, so none waits for a slow one, and the numbers are the same
 * whoever read them. Threads start with the first batch that is worth it; one that fails is done without.
 */
export class ReadAhead implements AsyncDisposable {
  readonly #threads: number
  readonly #log: Log
  readonly #room: Room
  readonly #places: readonly Place[]
  readonly #cursors: readonly (Cursor | undefined)[]
  readonly #read: Counter
  readonly #name: string
  readonly #workers: Worker[] = []
  #broken = false
  #batch = 0
  /** Requests of this batch that may be read ahead. */
  #count = 0
  /** The chunk that was settled last, and whether its numbers are there. */
  #chunk = -1
  #isThere = false

  private constructor(room: Room, places: readonly Place[], positions: readonly (number | undefined)[], given: Given) {
    this.#room = room
    this.#places = places
    this.#threads = room.ready.length
    this.#log = given.log
    this.#name = given.name
    this.#cursors = positions.map((from) => (from === undefined ? undefined : new Cursor(room.numbers, from)))
    const help = 'Requests whose texts were read on another thread'
    this.#read = given.metrics.counter('modelward_texts_read_ahead_total', help, ['component_id'])
  }

  /** `threads`: how many beside this one; 0 reads everything on the spot. */
  static open(listed: readonly Listed[], threads: number, given: Given): ReadAhead {
    const places: Place[] = []
    const positions: (number | undefined)[] = []
    let width = 0
    for (const { name, plugin, config, key, reference } of listed) {
      const { kind, reader } = plugin
      positions.push(reader && width)
      if (reader) places.push({ kind, name, key, reference, config, from: width })
      width += reader?.width ?? 0
    }
    const isWorth = threads > 0 && places.length > 0
    return new ReadAhead(isWorth ? roomFor(width, threads) : roomFor(0, 0), places, positions, given)
  }

  /** Hands over the texts of the batch that is to be scored next, in its order. */
  begin(events: readonly Event[]): void {
    this.#count = 0
    this.#chunk = -1
    if (this.#threads === 0 || this.#broken || events.length < FEWEST_REQUESTS) return
    if (this.#workers.length === 0) for (let thread = 0; thread < this.#threads; thread++) this.#start(thread)
    const ready = this.#workers.filter((_, thread) => Atomics.load(this.#room.ready, thread) === 1)
    if (ready.length === 0) return
    this.#batch++
    this.#count = Math.min(events.length, MOST_REQUESTS)
    for (let chunk = 0; chunk * CHUNK < this.#count; chunk++) this.#hand(chunk, events, ready[chunk % ready.length])
  }

  /** What was read of request number `index` of the batch, by the detectors' order; undefined when it is to be read on the spot. */
  of(index: number): readonly (Reading | undefined)[] | undefined {
    if (index >= this.#count) return undefined
    const chunk = Math.floor(index / CHUNK)
    if (chunk !== this.#chunk) {
      this.#chunk = chunk
      this.#isThere = this.#settle(chunk)
      if (this.#isThere) this.#read.add(Math.min(CHUNK, this.#count - chunk * CHUNK), { component_id: this.#name })
    }
    if (!this.#isThere) return undefined
    const first = index * this.#room.width
    for (const cursor of this.#cursors) cursor?.move(first)
    return this.#cursors
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#broken = true
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #hand(chunk: number, events: readonly Event[], to: Worker | undefined): void {
    const order: Order & { prompts: (string | undefined)[]; outputs: (string | undefined)[] } = {
      batch: this.#batch,
      chunk,
      prompts: [],
      outputs: [],
    }
    let characters = 0
    const end = Math.min((chunk + 1) * CHUNK, this.#count)
    for (let index = chunk * CHUNK; index < end; index++) {
      const { prompt, output } = events[index]?.inference ?? {}
      characters += (prompt?.length ?? 0) + (output?.length ?? 0)
      order.prompts.push(prompt)
      order.outputs.push(output)
    }
    const isOurs = characters > MOST_CHARACTERS
    Atomics.store(this.#room.control, chunk, wordOf(this.#batch, isOurs ? OURS : FREE))
    if (!isOurs) to?.postMessage(order)
  }

  /** Whether another thread has read the chunk; if none has begun it, none will. */
  #settle(chunk: number): boolean {
    const { control } = this.#room
    const word = (state: number): number => wordOf(this.#batch, state)
    const found = Atomics.compareExchange(control, chunk, word(FREE), word(OURS))
    if (found !== word(TAKEN)) return found === word(DONE)
    if (Atomics.wait(control, chunk, word(TAKEN), PATIENCE_MS) === 'timed-out') {
      this.#give('a thread that reads texts does not answer')
      return false
    }
    return Atomics.load(control, chunk) === word(DONE)
  }

  #start(thread: number): void {
    const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'
    const workerData: Desk = { thread, room: this.#room, places: this.#places }
    const worker = new Worker(new URL(file, import.meta.url), { name: 'modelward-reading', workerData })
    worker.unref()
    worker.on('error', (error) => this.#give(reasonOf(error)))
    this.#workers.push(worker)
  }

  #give(reason: string): void {
    if (this.#broken) return
    this.#broken = true
    this.#count = 0
    this.#log.warn('texts are read on the main thread from now on, which is slower', { part: this.#name, reason })
  }
}
