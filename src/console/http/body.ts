import type { IncomingMessage } from 'node:http'
import type { ZodType } from 'zod'
import { RequestError, badInput } from './request-error.ts'

const BODY_BYTES = 64 * 1024

/** The body as JSON of the schema's shape; without a body, the empty object. Throws RequestError: 400, 413, 415. */
export async function readJson<T>(request: IncomingMessage, schema: ZodType<T>): Promise<T> {
  const body = await readBody(request)
  if (body.byteLength > 0) expectType(request, 'application/json')
  return checked(schema, body.byteLength === 0 ? {} : parsed(body), 'the body')
}

/** A form's fields. Throws RequestError: 413, 415. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const body = await readBody(request)
  if (body.byteLength > 0) expectType(request, 'application/x-www-form-urlencoded')
  return new URLSearchParams(body.toString('utf8'))
}

/** Input of the schema's shape. Throws RequestError 400 that names each place. */
export function checked<T>(schema: ZodType<T>, value: unknown, place: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.length > 0 ? path.join('.') : place}: ${message}`)
  throw badInput(problems.join('; '))
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES) throw tooLarge()
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.byteLength
    if (bytes > BODY_BYTES) throw tooLarge()
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function tooLarge(): RequestError {
  return new RequestError(413, 'MW_TOO_LARGE', `a body may have ${BODY_BYTES} bytes`, { connection: 'close' })
}

function expectType(request: IncomingMessage, wanted: string): void {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== wanted) throw new RequestError(415, 'MW_CONTENT_TYPE', `send the body as content-type: ${wanted}`)
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw badInput('the body: this is not JSON; send an object such as {"digest":"…"}')
  }
}
