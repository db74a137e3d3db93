import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Action, ActionStep } from '../../../../src/contract/respond.ts'
import { Config } from '../../../../src/respond/actions/webhook/config.ts'
import { webhook } from '../../../../src/respond/actions/webhook/webhook.ts'
import { Decisions } from '../../../../src/respond/claims/decisions.ts'
import type { Post } from '../../../../src/respond/context/action-context.ts'
import { TransientError } from '../../../../src/runtime/errors.ts'
import { given } from '../../../support/given.ts'
import { alert, Disk } from '../../world.ts'

const key = Buffer.alloc(32, 7)
const signal = new AbortController().signal
const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A real receiver on loopback, and the action that posts to it. */
async function open(
  answer: (type: string) => { status: number; body?: string },
  options: { answersVerify?: boolean } = {},
): Promise<{ action: Action; received: Received[]; url: string }> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      received.push({ headers: request.headers, body })
      const { status, body: text = '' } = answer((JSON.parse(body) as { type: string }).type)
      response.writeHead(status).end(text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/contain?token=s3cret`
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  process.env['MODELWARD_TEST_WEBHOOK'] = `whsec_${key.toString('base64')}`
  const receiver = { name: 'owner', url, secret: '${env:MODELWARD_TEST_WEBHOOK}', ...options }
  return { action: await actionOf(receiver, post), received, url }
}

function actionOf(receiver: object, post: Post): Promise<Action> {
  const decisions = new Decisions(new Disk().memory())
  return webhook.open(Config.parse({ receivers: [receiver] }), { ...given(), decisions, post })
}

const post: Post = async (url, body, headers, signal) => {
  const response = await fetch(url, { method: 'POST', body, headers, signal })
  return { status: response.status, body: await response.text() }
}

function step(parts: Partial<ActionStep> = {}): ActionStep {
  return {
    claimId: 'claim-1',
    target: { principal: 'key:a' },
    parameters: { webhook: 'owner', for: '1h' },
    reason: 'notify-owner for alert alert-1',
    alert: alert(),
    endsAt: Date.UTC(2026, 0, 5, 13),
    ...parts,
  }
}

describe('the webhook action', () => {
  test('posts what is to be contained, signed after Standard Webhooks, with the claim as its id', async () => {
    const { action, received } = await open(() => ({ status: 202 }))
    expect(await action.apply(step(), signal)).toBe('owner answered 202')
    const [{ headers, body } = { headers: {}, body: '' }] = received
    expect(JSON.parse(body)).toMatchObject({
      type: 'containment.apply',
      data: {
        claim: 'claim-1',
        target: { principal: 'key:a' },
        ends_at: '2026-01-05T13:00:00.000Z',
        alert: { id: 'alert-1' },
      },
    })
    expect(headers['webhook-id']).toBe('claim-1')
    expect(headers['webhook-timestamp']).toBe(String(Date.UTC(2026, 0, 5, 12) / 1000))
    const signed = `claim-1.${String(headers['webhook-timestamp'])}.${body}`
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
  })

  test.each([
    ['{"effective":true}', 'effective'],
    ['{"effective":false}', 'ineffective'],
    ['{"effective":"yes"}', 'unknown'],
    ['<html>thanks</html>', 'unknown'],
    ['', 'unknown'],
    ['null', 'unknown'],
  ])('an answer of %s means %s', async (body, state) => {
    const { action, received } = await open(() => ({ status: 200, body }))
    await action.apply(step(), signal)
    expect((await action.verify(step(), signal)).state).toBe(state)
    expect(received).toHaveLength(1)
  })

  test('a receiver that answers verify is asked each time, under an id of its own', async () => {
    const answer = (type: string): { status: number; body: string } => ({
      status: 200,
      body: type === 'containment.verify' ? '{"effective":true}' : '{"effective":false}',
    })
    const { action, received } = await open(answer, { answersVerify: true })
    await action.apply(step(), signal)
    expect((await action.verify(step(), signal)).state).toBe('effective')
    expect(received.map(({ headers }) => headers['webhook-id'])[1]).toMatch(/^claim-1-verify-\d+$/)
  })

  test('without having applied it in this life, nobody knows', async () => {
    const { action } = await open(() => ({ status: 200 }))
    expect((await action.verify(step(), signal)).state).toBe('unknown')
  })

  test('takes back under another id, and passes on that the receiver found it changed', async () => {
    const { action, received } = await open(() => ({ status: 200 }))
    expect((await action.undo(step(), signal)).state).toBe('reverted')
    expect(received[0]?.headers['webhook-id']).toBe('claim-1-revert')
    expect(received[0]?.body).toContain('containment.revert')
    const drifted = await open(() => ({ status: 200, body: '{"drifted":true}' }))
    expect((await drifted.action.undo(step(), signal)).state).toBe('drifted')
  })

  test.each([408, 425, 429, 500, 503])('%i is worth another try', async (status) => {
    const { action } = await open(() => ({ status }))
    await expect(action.apply(step(), signal)).rejects.toBeInstanceOf(TransientError)
  })

  test.each([301, 400, 401, 404, 410])('%i needs a person', async (status) => {
    const { action } = await open(() => ({ status }))
    const failed = action.apply(step(), signal)
    await expect(failed).rejects.toThrow(`owner answered ${status}`)
    await expect(failed).rejects.not.toBeInstanceOf(TransientError)
  })

  test('a receiver that is not reached is worth another try, and Retry-After is passed on', async () => {
    const receiver = { name: 'owner', url: 'https://soar.example.org/', secret: '${env:MODELWARD_TEST_WEBHOOK}' }
    const lost = await actionOf(receiver, () => Promise.reject(new Error('connection refused')))
    await expect(lost.apply(step(), signal)).rejects.toBeInstanceOf(TransientError)
    const busy = await actionOf(receiver, () => Promise.resolve({ status: 429, body: '', retryAfterMs: 7_000 }))
    await expect(busy.apply(step(), signal)).rejects.toMatchObject({ afterMs: 7_000 })
  })

  test('a plan shows the request without secret and token; a notice has no end and cannot be taken back', async () => {
    const { action, received, url } = await open(() => ({ status: 200 }))
    const containment = await action.plan(step(), signal)
    expect(containment).toMatchObject({ reversible: true, summary: 'post a containment for 1h about key:a to owner' })
    expect(containment.request).toContain(`POST ${url.replace('s3cret', '')}`.replace('token=', '***'))
    expect(JSON.stringify(containment)).not.toMatch(/s3cret|whsec_/)
    const notice = await action.plan(step({ parameters: { webhook: 'owner' } }), signal)
    expect(notice).toMatchObject({ reversible: false, undo: 'nothing: a notice cannot be taken back' })
    expect(notice.request).toContain('"ends_at":null')
    expect(received).toEqual([])
  })

  test('a receiver that the config does not name is refused with the cure', async () => {
    const { action } = await open(() => ({ status: 200 }))
    const elsewhere = step({ parameters: { webhook: 'soar' } })
    await expect(action.plan(elsewhere, signal)).rejects.toThrow('there is no receiver "soar"')
    await expect(action.apply(elsewhere, signal)).rejects.toThrow('add it under respond.webhooks')
  })
})
