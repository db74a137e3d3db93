/** Requests that a thread takes at once. */
export const CHUNK = 64
/** Requests of one batch that are read ahead; those after them are read on the spot. */
export const MOST_REQUESTS = 16_384

/**
 * What a chunk's word of control says: four times the batch's number, and one of these. Who turns `FREE` into something
 * else has the chunk, and words of another batch are nobody's business, so a thread that is behind touches nothing.
 */
export const [FREE, TAKEN, DONE, OURS] = [0, 1, 2, 3]

/** Memory that all threads see: a word for each chunk, and `width` numbers for each request. */
export interface Room {
  /** For each thread 1 once it takes orders: a message would wait until the main thread has nothing to do. */
  readonly ready: Int32Array<SharedArrayBuffer>
  readonly control: Int32Array<SharedArrayBuffer>
  readonly numbers: Float64Array<SharedArrayBuffer>
  readonly width: number
}

export function roomFor(width: number, threads: number): Room {
  const ready = new Int32Array(new SharedArrayBuffer(4 * threads))
  const control = new Int32Array(new SharedArrayBuffer((4 * MOST_REQUESTS) / CHUNK))
  return { ready, control, numbers: new Float64Array(new SharedArrayBuffer(8 * MOST_REQUESTS * width)), width }
}

/** A detector whose texts are read ahead, in a form that crosses threads; `from` is where its numbers begin in a request's. */
export interface Place {
  readonly kind: string
  readonly name: string
  readonly key: Uint8Array
  readonly reference: Uint8Array | undefined
  readonly config: unknown
  readonly from: number
}

/** What a thread starts with. */
export interface Desk {
  readonly thread: number
  readonly room: Room
  readonly places: readonly Place[]
}

/** The texts of one chunk, request by request. */
export interface Order {
  readonly batch: number
  readonly chunk: number
  readonly prompts: readonly (string | undefined)[]
  readonly outputs: readonly (string | undefined)[]
}

/** The word of a chunk of this batch. */
export function wordOf(batch: number, state: number): number {
  return (batch * 4 + state) | 0
}
