import { setImmediate } from 'node:timers/promises'
import { type Frame, Framer } from '../framing/framer.ts'
import type { Rejection } from './answer.ts'
import type { HttpLimits } from './config.ts'

/** How records are cut out of a body: the same when it is taken and when it is read from the journal. */
export interface Cut {
  readonly recordBytes: number
  readonly depth: number
}

const SLICE_BYTES = 64 * 1024
/** The loop gets a turn after this much of a body. */
const TURN_BYTES = 1024 * 1024

/**
 * An OTLP export is one record, however many spans it carries. 4 MiB is what gRPC receivers take by default, so that
 * senders keep below it already.
 */
const OTLP_BYTES = 4 * 1024 * 1024

export function cutOf({ recordBytes, depth }: HttpLimits, protocol: 'records' | 'otlp'): Cut {
  return { recordBytes: protocol === 'otlp' ? Math.max(recordBytes, OTLP_BYTES) : recordBytes, depth }
}

/** The records of a body, with offsets in it. Cut lazily: a large body never has all its records in memory. */
export function* framesOf(body: Uint8Array, { recordBytes, depth }: Cut): Generator<Frame> {
  const framer = new Framer({ recordLimit: recordBytes, depthLimit: depth })
  for (let at = 0; at < body.length; at += SLICE_BYTES) yield* framer.push(body.subarray(at, at + SLICE_BYTES))
  yield* framer.end()
}

/** How many records a body holds, or why it is not taken: then nothing of it is. */
export async function inspect(
  body: Uint8Array,
  limits: HttpLimits,
  cut: Cut,
): Promise<{ readonly records: number } | Rejection> {
  let records = 0
  let turn = TURN_BYTES
  let isAnyJson = false
  for (const frame of framesOf(body, cut)) {
    const rejection = rejectionOf(frame, cut)
    if (rejection) return rejection
    if (++records > limits.records) return tooMany(limits)
    isAnyJson ||= isJson(frame.bytes)
    if (frame.offset < turn) continue
    turn = frame.offset + TURN_BYTES
    await setImmediate()
  }
  if (records === 0)
    return {
      status: 400,
      code: 'MW_EMPTY',
      message: 'the body holds no record: send NDJSON, a JSON object, an array or {"records":[…]}',
    }
  if (!isAnyJson) return notJson(0, 'is not JSON, and no other record is')
  return { records }
}

function rejectionOf(frame: Frame, cut: Cut): Rejection | undefined {
  const first = frame.bytes[0]
  if (frame.refused?.reason === 'record_too_long')
    return {
      status: 413,
      code: 'MW_RECORD_TOO_LARGE',
      message: `record ${frame.index} is longer than ${cut.recordBytes} bytes (limits.recordBytes)`,
      record: frame.index,
    }
  if (frame.refused?.reason === 'too_deep' || (first === OPEN_ARRAY && nestsDeeper(frame.bytes, cut.depth)))
    return {
      status: 400,
      code: 'MW_DEPTH',
      message: `record ${frame.index} nests deeper than ${cut.depth} levels (limits.depth)`,
      record: frame.index,
    }
  if (frame.refused) return notJson(frame.index, frame.refused.detail)
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return notJson(frame.index, 'does not begin with { or [')
  return undefined
}

function notJson(record: number, what: string): Rejection {
  return {
    status: 400,
    code: 'MW_NOT_JSON',
    message: `record ${record} ${what}: send JSON records; nothing of this body was taken`,
    record,
  }
}

function tooMany({ records }: HttpLimits): Rejection {
  return {
    status: 413,
    code: 'MW_TOO_MANY_RECORDS',
    message: `a body holds at most ${records} records: send fewer at once (limits.records)`,
  }
}

const OPEN_OBJECT = 0x7b
const OPEN_ARRAY = 0x5b
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Arrays of anything but objects are no list of records; the framer hands them over unlooked at. */
function nestsDeeper(bytes: Uint8Array, limit: number): boolean {
  let depth = 0
  let isString = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte === BACKSLASH) at++
    else if (byte === QUOTE) isString = !isString
    else if (!isString && (byte | 0x20) === OPEN_OBJECT && ++depth > limit) return true
    else if (!isString && (byte === 0x5d || byte === 0x7d)) depth--
  }
  return false
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'))
    return true
  } catch {
    return false
  }
}
