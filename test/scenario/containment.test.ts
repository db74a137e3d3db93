import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { eventually } from '../support/daemon.ts'
import { runDaemon } from '../support/in-process.ts'

const KEY = 'sk-a-key-that-steals'

function stealing(n: number): string {
  const at = Date.now() / 1000
  return JSON.stringify({
    id: `r${n}`,
    call_type: 'acompletion',
    status: 'success',
    startTime: at - 0.2,
    endTime: at,
    model: 'm',
    metadata: { user_api_key_hash: createHash('sha256').update(KEY).digest('hex') },
    prompt_tokens: 1,
    completion_tokens: 1,
    total_tokens: 2,
    messages: [{ role: 'user', content: 'a' }],
    model_parameters: { max_tokens: 1, logprobs: true, logit_bias: { [n]: 100 } },
  })
}

async function steal(mode: 'dry-run' | 'live') {
  const running = await runDaemon(`
collect:
  - {kind: http, name: push, listen: "127.0.0.1:0"}
respond: {mode: ${mode}}
`)
  const { daemon } = running
  const address = await eventually(
    'a listener',
    () => daemon.addressOf('push'),
    (found) => found !== undefined,
  )
  const body = Array.from({ length: 60 }, (_, n) => stealing(n)).join('\n')
  const reply = await fetch(`http://${String(address)}/ingest`, { method: 'POST', body })
  expect(reply.status).toBe(202)
  const [plan] = await eventually(
    'a plan',
    () => daemon.desk.plans(),
    (plans) => plans.length > 0,
  )
  if (!plan) throw new Error('no plan')
  return { running, daemon, plan }
}

/** What a gateway is answered when it asks with the raw key, as nginx's auth_request does. */
async function ask(address: string, key: string): Promise<number> {
  return (await fetch(new URL('/decide', address), { headers: { authorization: `Bearer ${key}` } })).status
}

test('a stealing key is planned for, contained once a person approves what they read, and let go again', async () => {
  const { running, daemon, plan } = await steal('live')
  try {
    expect(plan).toMatchObject({ playbook: 'contain-key', dryRun: false })
    expect(await ask(daemon.consoleAddress, KEY)).toBe(200)
    await expect(daemon.desk.approve(plan.id, 'another digest', 'ana')).rejects.toThrow(/digest/)
    const approved = await daemon.desk.approve(plan.id, plan.digest, 'ana')
    expect(approved).toMatchObject({ approval: { by: 'ana', digest: plan.digest }, states: [{ state: 'effective' }] })
    expect(await ask(daemon.consoleAddress, KEY)).toBe(403)
    expect(await ask(daemon.consoleAddress, 'sk-somebody-else')).toBe(200)
    await daemon.desk.revert(plan.id, 'ana')
    expect(await ask(daemon.consoleAddress, KEY)).toBe(200)
    expect(daemon.desk.verifyAudit()).toMatchObject({ intact: true })
  } finally {
    await running.stop()
  }
})

test('by default playbooks only plan: nothing is approved and nobody is held back', async () => {
  const { running, daemon, plan } = await steal('dry-run')
  try {
    expect(plan).toMatchObject({ playbook: 'contain-key', dryRun: true })
    await expect(daemon.desk.approve(plan.id, plan.digest, 'ana')).rejects.toThrow(/respond.mode: live/)
    expect(await ask(daemon.consoleAddress, KEY)).toBe(200)
    expect(daemon.desk.claims()).toEqual([])
  } finally {
    await running.stop()
  }
})
