import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { apiKeyIdentity, Pseudonyms } from '../../src/normalize/principal/pseudonyms.ts'
import { modelward } from '../support/command.ts'
import { eventually } from '../support/daemon.ts'
import { evolution, retries, syntheticSteps } from '../support/fleet-attacks.ts'
import { CLASSIFIER_MAPPING, Fleet, type Line, logOf } from '../support/fleet-log.ts'
import { runDaemon } from '../support/in-process.ts'
import { keyedDirectory } from '../support/marked.ts'

const HOUR = 3_600_000
const PATIENCE = 120_000
const folder = mkdtempSync(join(tmpdir(), 'modelward-detector-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Scene {
  readonly detector: string
  /** Requests of each of the seventy callers of the baseline. */
  readonly each: number
  readonly attack: (fleet: Fleet, from: number) => readonly Line[]
  readonly benign: (fleet: Fleet, from: number) => readonly Line[]
  readonly title: string
  readonly control: string
  readonly technique: string
}

/** Others see such inputs too, and evidence is told by the detector that weighs most: so these are shown one by one. */
const scenes: readonly Scene[] = [
  {
    detector: 'delta-similarity',
    each: 132,
    // Noise too large for near duplicates.
    attack: (fleet, from) => evolution(fleet, 'sk-attacker', from, 200),
    benign: (fleet, from) => retries(fleet, 'classifier', 'sk-twin', from, 120, 19 * HOUR),
    title: 'Search for an adversarial input',
    control: 'IN-6',
    technique: 'atlas.aml.t0043.001',
  },
  {
    detector: 'synthetic-queries',
    // 300 distances between queries, and queries of ten classes that have none before them.
    each: 330,
    // 300 requests until a caller is looked at closely, then as many distances.
    attack: (fleet, from) => syntheticSteps(fleet, 'sk-attacker', from, 700),
    benign: (fleet, from) => fleet.ordinary('classifier', 2, 700, from, 19 * HOUR),
    title: 'Model extraction or harvesting by one caller',
    control: 'IN-1',
    technique: 'atlas.aml.t0024.002',
  },
]

const configOf = (detector: string): string => `
collect:
  - {kind: http, name: push, listen: "127.0.0.1:0"}
detect: [{kind: ${detector}}]
alert: {group_wait: 0s}
${CLASSIFIER_MAPPING}`

const now = Date.now()
const from = now - 20 * HOUR
const attacker = new Pseudonyms(Buffer.alloc(32, 3)).of('key', apiKeyIdentity('sk-attacker'))

test.each(scenes)(
  '$detector alone tells an attack, plans its containment, and leaves its twin alone',
  async ({ detector, each, attack, benign, title, control, technique }) => {
    const fleet = new Fleet(5)
    const home = join(folder, detector)
    const [data, file, log] = [join(home, 'data'), join(home, 'baseline.yaml'), join(home, 'benign.ndjson')]
    keyedDirectory(data)
    writeFileSync(file, configOf(detector))
    writeFileSync(log, logOf(fleet.ordinary('classifier', 70, each, now - 400 * HOUR, 168 * HOUR)))
    const made = await modelward(['baseline', log, '-c', file, '--data', data, '--seed', '1', '--json'])
    expect([made.code, made.err]).toEqual([0, expect.any(String)])
    expect(made.lines[0]).toMatchObject({ detector, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })

    const running = await runDaemon(configOf(detector), { folder: home })
    try {
      const { daemon } = running
      const address = await eventually(
        'a listener',
        () => daemon.addressOf('push'),
        (found) => found !== undefined,
      )
      const body = logOf([...attack(fleet, from), ...benign(fleet, from)])
      const reply = await fetch(`http://${String(address)}/ingest`, { method: 'POST', body })
      expect(reply.status).toBe(202)
      const [plan] = await eventually(
        'a plan, and all read',
        () => (daemon.desk.status().balance.inFlight === 0 ? daemon.desk.plans() : []),
        (plans) => plans.length > 0,
        PATIENCE,
      )
      expect(plan).toMatchObject({ playbook: 'throttle-principal', dryRun: true, target: { principal: attacker } })
      const alerts = daemon.desk.alerts({})
      const told = alerts.map(({ rule, principal }) => `${rule.title} ${String(principal)}`)
      expect([...new Set(told)]).toEqual([`${title} ${attacker}`])
      expect(alerts[0]?.rule.controls).toContain(control)
      expect(alerts[0]?.rule.tags).toContain(technique)
      expect(alerts[0]?.evidence[0]?.matched).toMatchObject({ by: detector })
    } finally {
      await running.stop()
    }
  },
  PATIENCE,
)
