import { FakeDesk, NOW, alert, evidence, plan } from './fake-desk.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A desk on a bad night: alerts of every kind, plans in every state, a source that is behind, a receiver that is down. */
export function busyDesk(): FakeDesk {
  const desk = new FakeDesk(alerts(), plans())
  desk.claimRows = [
    {
      id: 'claim1',
      target: { principal: 'key:77aa01b2c3d4e5f6' },
      effect: 'throttle',
      limit: 10,
      reason: 'Usage far above baseline',
      owner: 'plan3',
      startsAt: NOW - HOUR,
      endsAt: NOW + 3 * HOUR,
    },
  ]
  desk.silenceRows = [
    {
      id: 'silence1',
      author: 'dana',
      comment: 'Load test of the search team until noon',
      startsAt: NOW - HOUR,
      endsAt: NOW + 2 * HOUR,
      matchers: [
        { name: 'rule', value: 'rule-usage-far-above-baseline', equal: true },
        { name: 'principal', value: 'service:search-load-test', equal: true },
      ],
    },
    {
      id: 'silence0',
      author: 'kim',
      comment: 'Rotation of the storage keys',
      startsAt: NOW - 20 * HOUR,
      endsAt: NOW - 16 * HOUR,
      matchers: [{ name: 'control', value: 'DP-5', equal: true }],
    },
  ]
  busyWays(desk)
  return desk
}

function alerts() {
  const stolen = alert({
    id: 'alert1',
    title: 'Last-layer stealing through logit_bias and logprobs',
    level: 'critical',
    count: 37,
    risk: 96,
    evidence: [1, 2, 3, 4, 5, 6].map((index) => evidence(NOW - 40 * MINUTE + index * 4 * MINUTE, index)),
  })
  const more = [
    ['Azure: diagnostic settings deleted', 'high', 'user:9a1b77c0d2e34f56', 'IA-6', 3, 71],
    ['Usage far above baseline', 'medium', 'service:search-load-test', 'IN-4', 212, 44],
    ['Storage account accepts plain HTTP', 'high', 'user:9a1b77c0d2e34f56', 'AZ-4', 1, 68],
    ['Key Vault access policy widened', 'high', 'user:9a1b77c0d2e34f56', 'DP-6', 1, 66],
    ['First request of a caller', 'low', 'key:51c0ffee51c0ffee', 'IA-2', 1, 18],
    ['A certificate ends within two weeks', 'medium', null, 'DP-2', 14, 35],
  ] as const
  const rest = more.map(([title, level, principal, control, count, risk], index) =>
    alert({
      id: `alert${index + 2}`,
      title,
      level,
      principal,
      control,
      count,
      risk,
      startedAt: NOW - (index + 1) * 95 * MINUTE,
      reason: `${title}: seen on prod-ml-workspace by ${String(principal)} from 198.51.100.23`,
      ...(index === 1 ? { acknowledgedBy: 'dana' } : {}),
    }),
  )
  const over = alert({
    id: 'alert9',
    title: 'Failed sign-ins in a row',
    state: 'resolved',
    level: 'medium',
    startedAt: NOW - 7 * HOUR,
  })
  return [stolen, ...rest, over]
}

function plans() {
  const approval = { by: 'dana', at: NOW - 2 * HOUR, digest: 'a'.repeat(64) }
  return [
    plan({ blastRadius: { hours: 24, targetRequests: 5_412, otherRequests: 18, otherPrincipals: 2 } }),
    plan({
      id: 'plan2',
      playbook: 'throttle-principal',
      alert: 'alert3',
      target: { principal: 'key:77aa01b2c3d4e5f6' },
      createdAt: NOW - 2 * HOUR,
      digest: 'a'.repeat(64),
      approval,
      states: [
        { state: 'planned', at: NOW - 2 * HOUR, detail: '' },
        { state: 'approved', at: NOW - 2 * HOUR + 40_000, detail: 'by dana' },
        { state: 'applying', at: NOW - 2 * HOUR + 41_000, detail: '' },
        {
          state: 'effective',
          at: NOW - 2 * HOUR + 43_000,
          detail: 'the decision was read back: throttle to 10 a minute',
        },
      ],
    }),
    plan({ id: 'plan3', alert: 'gone', createdAt: NOW - 30 * HOUR, expiresAt: NOW - 6 * HOUR }),
    plan({ id: 'plan4', createdAt: NOW - 5 * HOUR, rejectedBy: 'kim' }),
  ]
}

function busyWays(desk: FakeDesk): void {
  desk.sourceRows = [
    {
      name: 'litellm',
      kind: 'file',
      state: 'reading',
      lag: [{ stream: 's1', file: '/var/log/litellm/requests-2026-01-05.jsonl', bytes: 3_400_000, lastReadAt: NOW }],
      received: 1_204_331,
      lastRecordAt: NOW - 2_000,
    },
    {
      name: 'push',
      kind: 'http',
      state: 'reading',
      address: 'http://127.0.0.1:8686',
      lag: [],
      received: 88_120,
      lastRecordAt: NOW - 31_000,
    },
    {
      name: 'azure',
      kind: 'file',
      state: 'restarting',
      lag: [],
      received: 0,
      problem: 'opening /mnt/insights-logs: no such directory; mount it, or take it out of the config',
    },
  ]
  desk.sinkRows = [
    {
      name: 'siem',
      kind: 'elasticsearch',
      state: 'retrying',
      waiting: 14,
      oldestAt: NOW - 11 * MINUTE,
      sent: 3_021,
      parked: 1,
      problem: 'connecting to https://es.example.org:9200: connection refused',
    },
    { name: 'chat', kind: 'webhook', state: 'idle', waiting: 0, sent: 120, parked: 0 },
  ]
  desk.parkedRows = [
    {
      consumer: 'siem',
      seq: 4,
      at: NOW - 3 * HOUR,
      reason: '400 mapper_parsing_exception: failed to parse field [event.severity]',
      notification: { id: 'n4', at: NOW - 3 * HOUR, kind: 'firing', groupKey: 'g', labels: {}, alerts: [alert()] },
    },
  ]
  desk.quarantineRows = [0, 1, 2].map((index) => ({
    id: `q${index}`,
    at: NOW - index * HOUR,
    source: 'litellm',
    stream: 's1',
    offset: 100_000 * index,
    file: '/var/log/litellm/requests-2026-01-05.jsonl',
    index,
    reason: index === 2 ? 'too_long' : 'not_json',
    detail: index === 2 ? 'a line of more than 1048576 bytes' : 'Unexpected end of JSON input',
    bytes: new TextEncoder().encode('{"secret-prompt'),
  }))
  desk.state = {
    ...desk.state,
    budget: { perWeek: 1, looks: 184_220, alarms: 2, measured: { perWeek: 0.42, atMost: 1.9, at: NOW - 72 * HOUR } },
    detectors: [
      { name: 'api-abuse', keys: 412, cap: 50_000, evicted: 0 },
      { name: 'usage', keys: 50_000, cap: 50_000, evicted: 118 },
    ],
    balance: {
      received: 1_292_451,
      committed: 1_292_440,
      quarantined: { not_json: 2, too_long: 1 },
      dropped: {},
      inFlight: 8,
    },
    degraded: ['source azure: opening /mnt/insights-logs: no such directory', 'sink siem: connection refused'],
  }
}
