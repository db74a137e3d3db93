import { createHash } from 'node:crypto'
import { RefusedError } from '../../runtime/errors.ts'

/** Arrays of numbers that a reference may carry. */
export type ReferenceArray = Float32Array | Float64Array | Int32Array

export interface Reference {
  readonly header: unknown
  readonly arrays: Readonly<Record<string, ReferenceArray>>
}

const KINDS = { f32: Float32Array, f64: Float64Array, i32: Int32Array } as const
type ArrayKind = keyof typeof KINDS

interface Head {
  readonly kind: string
  readonly version: number
  readonly header: unknown
  readonly arrays: readonly { readonly name: string; readonly type: ArrayKind; readonly length: number }[]
}

/** First bytes of every reference. */
const MAGIC = Buffer.from('modelward reference\n')
const ALIGNED = 8

/**
 * A frozen reference as bytes: the magic line, the length of the head (uint32, little endian), the head as JSON, and the
 * arrays, each from a multiple of eight bytes on, little endian. Equal content gives equal bytes, so a hash names it.
 */
export function writeReference(
  kind: string,
  version: number,
  header: object,
  arrays: Readonly<Record<string, ReferenceArray>>,
): Uint8Array {
  const list = Object.entries(arrays).map(([name, values]) => ({ name, type: kindOf(values), length: values.length }))
  const head = Buffer.from(JSON.stringify({ kind, version, header, arrays: list } satisfies Head))
  const start = aligned(MAGIC.length + 4 + head.length)
  const size = Object.values(arrays).reduce((at, values) => at + aligned(values.byteLength), start)
  const bytes = new Uint8Array(size)
  bytes.set(MAGIC)
  new DataView(bytes.buffer).setUint32(MAGIC.length, head.length, true)
  bytes.set(head, MAGIC.length + 4)
  let at = start
  for (const values of Object.values(arrays)) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at)
    at += aligned(values.byteLength)
  }
  return bytes
}

/** Throws RefusedError for bytes that are no reference of this kind and version. */
export function readReference(bytes: Uint8Array, kind: string, version: number): Reference {
  const head = headOf(bytes)
  if (head.kind !== kind || head.version !== version)
    throw new RefusedError(
      `the reference is of ${head.kind} ${head.version}, and ${kind} ${version} is needed: make it again with modelward baseline`,
    )
  const arrays: Record<string, ReferenceArray> = {}
  let at = aligned(MAGIC.length + 4 + headLength(bytes))
  for (const { name, type, length } of head.arrays) {
    const Kind = KINDS[type]
    const size = length * Kind.BYTES_PER_ELEMENT
    if (at + size > bytes.length) throw damaged(`${name} is cut off`)
    // Not bytes.slice: of a Buffer that is a view, and a view need not begin at a multiple of eight.
    arrays[name] = new Kind(Uint8Array.from(bytes.subarray(at, at + size)).buffer)
    at += aligned(size)
  }
  return { header: head.header, arrays }
}

/** An array that a reference must have. Throws RefusedError when it is of another kind, length or missing. */
export function arrayOf<Kind extends ArrayKind>(
  reference: Reference,
  name: string,
  type: Kind,
  length?: number,
): InstanceType<(typeof KINDS)[Kind]> {
  const values = reference.arrays[name]
  if (!values || kindOf(values) !== type || (length !== undefined && values.length !== length))
    throw damaged(`${name} is not as it should be`)
  return values as InstanceType<(typeof KINDS)[Kind]>
}

/** Eight characters that tell references apart, for the names of what is stored under one of them. */
export function referenceName(reference: Uint8Array): string {
  return createHash('sha256').update(reference).digest('hex').slice(0, 8)
}

function headLength(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(MAGIC.length, true)
}

function headOf(bytes: Uint8Array): Head {
  if (bytes.length < MAGIC.length + 4 || MAGIC.compare(bytes.subarray(0, MAGIC.length)) !== 0)
    throw damaged('it does not begin like one')
  const end = MAGIC.length + 4 + headLength(bytes)
  if (end > bytes.length) throw damaged('its head is cut off')
  try {
    return JSON.parse(Buffer.from(bytes.subarray(MAGIC.length + 4, end)).toString('utf8')) as Head
  } catch {
    throw damaged('its head is no JSON')
  }
}

function kindOf(values: ReferenceArray): ArrayKind {
  if (values instanceof Float32Array) return 'f32'
  return values instanceof Float64Array ? 'f64' : 'i32'
}

function aligned(at: number): number {
  return Math.ceil(at / ALIGNED) * ALIGNED
}

function damaged(what: string): RefusedError {
  return new RefusedError(`the reference is damaged (${what}): make it again with modelward baseline`)
}
