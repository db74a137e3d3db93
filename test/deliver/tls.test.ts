import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Outcome } from '../../src/contract/deliver.ts'
import { elasticsearch } from '../../src/deliver/elasticsearch/elasticsearch.ts'
import { webhook } from '../../src/deliver/webhook/webhook.ts'
import { Lifetime } from '../../src/runtime/lifetime.ts'
import { notification, sinkContext } from './alerts.ts'
import { certificate } from './certificate.ts'
import type { Certificate } from './certificate.ts'

const made = certificate()
const forged = certificate(true)
const life = new Lifetime()
const running = new AbortController().signal
let port = 0
let forgedPort = 0
let requests = 0

describe.skipIf(made === undefined)('a receiver with a certificate of its own (needs openssl)', () => {
  beforeAll(async () => {
    port = await listening(made)
    forgedPort = await listening(forged)
  })
  afterAll(() => life[Symbol.asyncDispose]())

  test.each([
    ['webhook', 'without being told to trust it', (): object => ({}), false],
    ['webhook', 'whose authority is named as ca', (): object => ({ ca: made?.file }), true],
    ['elasticsearch', 'without being told to trust it', (): object => ({}), false],
    ['elasticsearch', 'whose authority is named as ca', (): object => ({ ca: made?.file }), true],
    [
      'elasticsearch',
      'whose authority is named by fingerprint',
      (): object => ({ caFingerprint: made?.fingerprint }),
      true,
    ],
    ['elasticsearch', 'another fingerprint', (): object => ({ caFingerprint: 'ab'.repeat(32) }), false],
  ] as const)('%s: %s', async (kind, _, trust, isReached) => {
    const before = requests
    const outcome = await (kind === 'webhook' ? viaWebhook(trust()) : viaElasticsearch(port, trust()))
    if (isReached) expect(outcome).toEqual({ done: true })
    else expect(outcome).toEqual({ retry: expect.stringMatching(/certificate|fingerprint/i) as string })
    expect(requests - before).toBe(isReached ? 1 : 0)
  })

  test('who shows the right authority without being signed by it gets nothing', async () => {
    const before = requests
    const outcome = await viaElasticsearch(forgedPort, { caFingerprint: forged?.fingerprint })
    expect(outcome).toEqual({ retry: expect.stringContaining('signature') as string })
    expect(requests).toBe(before)
  })
})

async function listening(shown: Certificate | undefined): Promise<number> {
  if (!shown) return 0
  life.add('certificate', shown)
  const server = createServer({ key: shown.key, cert: shown.cert }, (request, response) => {
    requests++
    request.resume()
    request.on('end', () => {
      response.setHeader('x-elastic-product', 'Elasticsearch')
      response.setHeader('content-type', 'application/json')
      response.end('{"items":[{"create":{"status":201}}]}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  life.defer('server', () => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

async function viaWebhook(trust: object): Promise<Outcome | undefined> {
  // 32 bytes of zeros: a receiver's secret of no worth.
  const secret = `\${exec:echo whsec_${Buffer.alloc(32).toString('base64')}}`
  const config = {
    url: `https://127.0.0.1:${port}/`,
    secret,
    ports: [port],
    allowAddresses: ['127.0.0.1/32'],
    ...trust,
  }
  const sink = await webhook.open(webhook.config.parse(config), sinkContext())
  const [outcome] = await sink.send([notification()], running)
  await sink[Symbol.asyncDispose]()
  return outcome
}

async function viaElasticsearch(port: number, trust: object): Promise<Outcome | undefined> {
  const config = elasticsearch.config.parse({ nodes: [`https://127.0.0.1:${port}`], ...trust })
  const sink = await elasticsearch.open(config, sinkContext())
  const [outcome] = await sink.send([notification()], running)
  await sink[Symbol.asyncDispose]()
  return outcome
}
