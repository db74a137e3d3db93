import { afterEach, expect, test } from 'vitest'
import { importSavedObjects } from '../../../src/deliver/elasticsearch/kibana.ts'
import { Lifetime } from '../../../src/runtime/lifetime.ts'
import { SecretRef } from '../../../src/runtime/secret.ts'
import { receiver } from '../webhook/receiver.ts'
import type { Receiver } from '../webhook/receiver.ts'

const running = new AbortController().signal
let life = new Lifetime()
afterEach(async () => {
  await life[Symbol.asyncDispose]()
  life = new Lifetime()
})

async function kibana(status: number, answer: unknown): Promise<Receiver> {
  const answering = receiver((response) => {
    response.writeHead(status, { 'content-type': 'application/json', location: '/elsewhere' })
    response.end(JSON.stringify(answer))
  })
  return life.add('kibana', await answering)
}

test('sends the objects as a file, over those that are there', async () => {
  const server = await kibana(200, { success: true, successCount: 3 })
  const auth = { apiKey: new SecretRef('exec', 'echo c2VjcmV0') }
  const url = `http://127.0.0.1:${server.port}/kibana/s/soc`
  expect(await importSavedObjects({ url, auth }, '{"id":"a"}\n', running)).toBe(3)
  const [request] = server.requests
  expect(request?.path).toBe('/kibana/s/soc/api/saved_objects/_import?overwrite=true')
  expect(request?.headers).toMatchObject({ 'kbn-xsrf': 'modelward', authorization: 'ApiKey c2VjcmV0' })
  expect(request?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
  expect(request?.body).toContain('name="file"; filename="modelward.ndjson"')
  expect(request?.body).toContain('{"id":"a"}\n')
})

test.each([
  ['a refusal', 403, {}, 'answered 403'],
  [
    'an object that is not taken',
    200,
    { success: false, errors: [{ id: 'a', error: { type: 'conflict' } }] },
    'conflict',
  ],
  ['an answer of something else', 200, null, 'did not import'],
])('%s is an error that says so', async (_, status, answer, message) => {
  const server = await kibana(status, answer)
  await expect(importSavedObjects({ url: `http://127.0.0.1:${server.port}` }, '', running)).rejects.toThrow(message)
})

test('a redirect is not followed', async () => {
  const server = await kibana(302, {})
  await expect(importSavedObjects({ url: `http://127.0.0.1:${server.port}` }, '', running)).rejects.toThrow()
  expect(server.requests).toHaveLength(1)
})
