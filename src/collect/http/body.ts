import type { IncomingMessage } from 'node:http'
import { createGunzip, createInflate, createInflateRaw } from 'node:zlib'
import type { ByteBudget } from '../../runtime/queue.ts'
import { type Rejection, busy } from './answer.ts'
import type { HttpLimits } from './config.ts'

const FIRST_BYTES = 16 * 1024
/** Small bodies may shrink as far as they like; the ratio is for bombs. */
const RATIO_FREE_BYTES = 1024 * 1024

/** Bytes that one request holds of the budget that all requests share. */
export class Hold {
  readonly #budget: ByteBudget
  #held = 0

  constructor(budget: ByteBudget) {
    this.#budget = budget
  }

  /** False when there is no room now; a body does not wait, its sender does. */
  take(bytes: number): boolean {
    if (this.#budget.used + bytes > this.#budget.limit || !this.#budget.tryTake(bytes)) return false
    this.#held += bytes
    return true
  }

  release(): void {
    this.#budget.give(this.#held)
    this.#held = 0
  }
}

/** One growing buffer, so that a body sent byte by byte takes no more memory than one sent whole. */
class Growing {
  readonly #hold: Hold
  readonly #limit: number
  #bytes: Buffer = Buffer.alloc(0)
  #length = 0

  /** `limit` is the most its user will put in. */
  constructor(hold: Hold, limit: number) {
    this.#hold = hold
    this.#limit = limit
  }

  get length(): number {
    return this.#length
  }

  /** False when the budget has no room for it. */
  append(chunk: Uint8Array): boolean {
    const needed = this.#length + chunk.length
    if (needed > this.#bytes.length) {
      const size = Math.max(needed, Math.min(Math.max(this.#bytes.length * 2, FIRST_BYTES), this.#limit))
      if (!this.#hold.take(size - this.#bytes.length)) return false
      const grown = Buffer.allocUnsafeSlow(size)
      this.#bytes.copy(grown, 0, 0, this.#length)
      this.#bytes = grown
    }
    this.#bytes.set(chunk, this.#length)
    this.#length = needed
    return true
  }

  get content(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }
}

/** The body as it came over the wire; undefined when the sender went away. */
export function readWire(
  request: IncomingMessage,
  limits: HttpLimits,
  hold: Hold,
): Promise<Buffer | Rejection | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limits.bodyBytes) return Promise.resolve(tooLarge(limits))
  const body = new Growing(hold, limits.bodyBytes)
  return new Promise((resolve) => {
    const settle = (outcome: Buffer | Rejection | undefined): void => {
      request.off('data', take).off('end', end).off('close', gone).off('error', gone)
      resolve(outcome)
    }
    const take = (chunk: Buffer): void => {
      if (body.length + chunk.length > limits.bodyBytes) settle(tooLarge(limits))
      else if (!body.append(chunk)) settle(crowded())
    }
    const end = (): void => settle(body.content)
    const gone = (): void => settle(undefined)
    request.on('data', take).on('end', end).on('close', gone).on('error', gone)
  })
}

/** Which content encodings are taken, for the header `accept-encoding` of a 415 (RFC 7694). */
const ENCODINGS = 'gzip, deflate'

/** 415 for an encoding that is not taken, known before the body is read. */
export function refusedEncoding(encoding: string | undefined): Rejection | undefined {
  if (['', 'identity', 'gzip', 'x-gzip', 'deflate'].includes(encodingName(encoding))) return undefined
  return {
    status: 415,
    code: 'MW_ENCODING',
    message: `content-encoding "${encodingName(encoding).slice(0, 40)}" is not read here: send ${ENCODINGS} or none`,
    headers: { 'accept-encoding': ENCODINGS },
  }
}

/** The body as it was before compression; never more of it in memory than the limits allow. */
export async function inflate(
  wire: Buffer,
  encoding: string | undefined,
  limits: HttpLimits,
  hold: Hold,
): Promise<Buffer | Rejection> {
  const name = encodingName(encoding)
  if (name === '' || name === 'identity') return wire
  const inflater = name === 'deflate' ? (hasZlibHeader(wire) ? createInflate() : createInflateRaw()) : createGunzip()
  const body = new Growing(hold, limits.bodyBytes)
  const byRatio = Math.max(RATIO_FREE_BYTES, wire.length * limits.ratio)
  inflater.end(wire)
  try {
    for await (const chunk of inflater as AsyncIterable<Buffer>) {
      if (body.length + chunk.length > limits.bodyBytes) return tooLarge(limits)
      if (body.length + chunk.length > byRatio) return bomb(limits)
      if (!body.append(chunk)) return crowded()
    }
    return body.content
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unreadable'
    return { status: 400, code: 'MW_ENCODING', message: `the body is not ${name}: ${why}` }
  } finally {
    inflater.destroy()
  }
}

function encodingName(encoding: string | undefined): string {
  return (encoding ?? '').trim().toLowerCase()
}

/** RFC 1950: deflate in a zlib wrapper; many senders leave the wrapper out. */
function hasZlibHeader(wire: Buffer): boolean {
  return wire.length >= 2 && ((wire[0] ?? 0) & 0x0f) === 8 && wire.readUInt16BE(0) % 31 === 0
}

function tooLarge({ bodyBytes }: HttpLimits): Rejection {
  return {
    status: 413,
    code: 'MW_TOO_LARGE',
    message: `a body holds at most ${bodyBytes} bytes after decompression: send fewer records at once (limits.bodyBytes)`,
  }
}

function bomb({ ratio }: HttpLimits): Rejection {
  return {
    status: 413,
    code: 'MW_RATIO',
    message: `the body grows more than ${ratio} times when decompressed: send it uncompressed, or raise limits.ratio`,
  }
}

function crowded(): Rejection {
  return busy(429, 'MW_BUSY', 'too many bodies are being read at once: send it again later', 1)
}
