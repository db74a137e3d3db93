import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { apiKeyIdentity, Pseudonyms } from '../../src/normalize/principal/pseudonyms.ts'
import { modelward } from '../support/command.ts'
import { eventually } from '../support/daemon.ts'
import { evolution, retries } from '../support/fleet-attacks.ts'
import { CLASSIFIER_MAPPING, Fleet, logOf } from '../support/fleet-log.ts'
import { runDaemon } from '../support/in-process.ts'
import { keyedDirectory } from '../support/marked.ts'

const HOUR = 3_600_000
const PATIENCE = 120_000
const folder = mkdtempSync(join(tmpdir(), 'modelward-search-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** By itself: others see such inputs too, and evidence is told by the detector that weighs most. */
const config = `
collect:
  - {kind: http, name: push, listen: "127.0.0.1:0"}
detect: [{kind: delta-similarity}]
alert: {group_wait: 0s}
${CLASSIFIER_MAPPING}`

test(
  'a search by noise too large for near duplicates is told by its steps, and a client that retries is not',
  async () => {
    const fleet = new Fleet(5)
    const now = Date.now()
    const [data, file, benign] = [join(folder, 'data'), join(folder, 'baseline.yaml'), join(folder, 'benign.ndjson')]
    keyedDirectory(data)
    writeFileSync(file, config)
    writeFileSync(benign, logOf(fleet.ordinary('classifier', 70, 132, now - 400 * HOUR, 168 * HOUR)))
    const made = await modelward(['baseline', benign, '-c', file, '--data', data, '--json'])
    expect(made.lines[0]).toMatchObject({
      detector: 'delta-similarity',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })

    const running = await runDaemon(config, { folder })
    try {
      const { daemon } = running
      const address = await eventually(
        'a listener',
        () => daemon.addressOf('push'),
        (found) => found !== undefined,
      )
      const from = now - 20 * HOUR
      const twin = retries(fleet, 'classifier', 'sk-twin', from, 120, 19 * HOUR)
      const body = logOf([...evolution(fleet, 'sk-search', from, 200), ...twin])
      const reply = await fetch(`http://${String(address)}/ingest`, { method: 'POST', body })
      expect(reply.status).toBe(202)
      const [plan] = await eventually(
        'a plan, and all read',
        () => (daemon.desk.status().balance.inFlight === 0 ? daemon.desk.plans() : []),
        (plans) => plans.length > 0,
        PATIENCE,
      )
      const principal = new Pseudonyms(Buffer.alloc(32, 3)).of('key', apiKeyIdentity('sk-search'))
      expect(plan).toMatchObject({ playbook: 'throttle-principal', dryRun: true, target: { principal } })
      const alerts = daemon.desk.alerts({})
      const told = alerts.map(({ rule, principal: who }) => [rule.title, who])
      expect(new Set(told.map(String))).toEqual(new Set([`Search for an adversarial input,${principal}`]))
      expect(alerts[0]?.rule.controls).toContain('IN-6')
      expect(alerts[0]?.rule.tags).toContain('atlas.aml.t0043.001')
      expect(alerts[0]?.evidence[0]?.matched).toMatchObject({ by: 'delta-similarity' })
    } finally {
      await running.stop()
    }
  },
  PATIENCE,
)
