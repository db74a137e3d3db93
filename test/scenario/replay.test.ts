import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { modelward } from '../support/command.ts'
import { ecsProblems } from '../support/ecs.ts'
import { haveSharedData, sharedData } from '../support/shared-data.ts'

const folder = mkdtempSync(join(tmpdir(), 'modelward-replay-'))

function cloudtrail(eventName: string, at: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    eventVersion: '1.08',
    eventID: `00000000-0000-4000-8000-${at.replaceAll(/\D/g, '').slice(2, 14)}`,
    eventTime: at,
    eventSource: 'cloudtrail.amazonaws.com',
    eventName,
    awsRegion: 'us-east-1',
    sourceIPAddress: '198.51.100.7',
    userIdentity: {
      type: 'IAMUser',
      arn: 'arn:aws:iam::123456789012:user/eve',
      userName: 'eve',
      accountId: '123456789012',
    },
    eventType: 'AwsApiCall',
    ...more,
  }
}

test.skipIf(!haveSharedData())(
  '2,900 real CloudTrail records: all accounted for, the attack steps alert, twice the same ids',
  async () => {
    const path = sharedData('cloudtrail-stratus')
    const [first, second] = await Promise.all([
      modelward(['replay', path, '--json']),
      modelward(['replay', path, '--json']),
    ])
    expect(first.code).toBe(0)
    expect(first.lines.at(-1)).toMatchObject({
      kind: 'summary',
      received: 2900,
      committed: 2900,
      quarantined: {},
      dropped: {},
      in_flight: 0,
    })
    const alerts = first.lines.filter(({ kind }) => kind === 'alert')
    const rules = new Set(alerts.map((alert) => (alert['rule'] as { name: string }).name))
    expect([...rules]).toEqual(
      expect.arrayContaining([
        'CloudTrail stopped or deleted',
        'VPC flow logs deleted',
        'Security group opened to the internet',
        'Administrator rights given in AWS',
      ]),
    )
    expect(alerts.flatMap(({ kind: _kind, ...document }) => ecsProblems(document))).toEqual([])
    const ids = (lines: typeof first.lines): unknown[] =>
      lines.filter(({ kind }) => kind === 'alert').map((alert) => (alert['event'] as { id: string }).id)
    expect(ids(second.lines)).toEqual(ids(first.lines))
    expect(new Set(ids(first.lines)).size).toBe(alerts.length)
  },
)

test('plain, gzipped, pretty-printed and standard input are one and the same to a replay', async () => {
  const records = [
    cloudtrail('StopLogging', '2026-01-05T10:00:00Z'),
    cloudtrail('DescribeTrails', '2026-01-05T10:00:05Z'),
  ]
  const pretty = join(folder, 'pretty.json')
  const packed = join(folder, 'packed.json.gz')
  writeFileSync(pretty, JSON.stringify({ Records: records }, undefined, 2))
  writeFileSync(packed, gzipSync(JSON.stringify({ Records: records })))
  const answers = await Promise.all([
    modelward(['replay', pretty, '--json']),
    modelward(['replay', packed, '--json']),
    modelward(['replay', '-', '--json'], { input: records.map((record) => JSON.stringify(record)).join('\n') }),
  ])
  for (const answer of answers) {
    expect(answer.lines.at(-1)).toMatchObject({ received: 2, committed: 2, alerts: 1 })
    expect(answer.lines[0]).toMatchObject({ kind: 'alert', rule: { name: 'CloudTrail stopped or deleted' } })
  }
})

test('what cannot be read is counted under its reason, and the rest is read', async () => {
  const file = join(folder, 'mixed.ndjson')
  writeFileSync(
    file,
    `${JSON.stringify(cloudtrail('StopLogging', '2026-01-05T10:00:00Z'))}\nno json at all\n{"half":\n{"what":"is this"}\n`,
  )
  const { lines, code } = await modelward(['replay', file, '--json'])
  expect(code).toBe(0)
  expect(lines.at(-1)).toMatchObject({
    received: 4,
    committed: 1,
    quarantined: { not_json: 2, unknown_format: 1 },
    in_flight: 0,
  })
})

test('scores and findings are printed on demand, principals in clear only with --reveal', async () => {
  const file = join(folder, 'stealing.ndjson')
  const request = (n: number): string =>
    JSON.stringify({
      id: `r${n}`,
      call_type: 'acompletion',
      status: 'success',
      startTime: 1_767_600_000 + n,
      endTime: 1_767_600_000.5 + n,
      model: 'm',
      metadata: { user_api_key_hash: 'a'.repeat(64) },
      prompt_tokens: 1,
      completion_tokens: 1,
      total_tokens: 2,
      messages: [{ role: 'user', content: 'the same prompt' }],
      model_parameters: { max_tokens: 1, logprobs: true, logit_bias: { [n]: 100 } },
    })
  writeFileSync(file, Array.from({ length: 60 }, (_, n) => request(n)).join('\n'))
  const hidden = await modelward(['replay', file, '--json', '--emit', 'score,finding,alert'])
  const shown = await modelward(['replay', file, '--json', '--emit', 'score', '--reveal'])
  const score = hidden.lines.find(({ kind, detector }) => kind === 'score' && detector === 'api-abuse')
  expect(score).toMatchObject({
    kind: 'score',
    detector: 'api-abuse',
    direction: expect.any(String) as string,
    event: { file, record: expect.any(Number) as number },
  })
  expect(hidden.lines.some(({ kind, rule }) => kind === 'finding' && typeof rule === 'string')).toBe(true)
  expect(hidden.lines.some(({ kind }) => kind === 'alert')).toBe(true)
  expect(hidden.out).not.toContain('a'.repeat(64))
  expect(hidden.out).not.toContain('the same prompt')
  expect(shown.lines.find(({ detector }) => detector === 'api-abuse')).toMatchObject({ principal: 'a'.repeat(64) })
})

test('used wrongly, a replay says how it is used', async () => {
  expect(await modelward(['replay'])).toMatchObject({ code: 2 })
  expect(await modelward(['replay', join(folder, 'not-there')])).toMatchObject({
    code: 2,
    err: expect.stringContaining('there is no file or folder') as string,
  })
  expect(await modelward(['replay', folder, '--emit', 'noise'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('use score, finding, alert') as string,
  })
})
