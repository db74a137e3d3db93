import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modelward } from '../support/command.ts'
import { haveSharedData } from '../support/shared-data.ts'
import { readSigmaHq, type SigmaHq } from '../support/sigmahq.ts'

interface Finding {
  readonly kind: string
  readonly rule: string
  readonly event: { readonly id: string; readonly file: string; readonly record: number }
}

describe.skipIf(!haveSharedData())(
  'rules match over SigmaHQ’s rules and regression data, from the command line',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'modelward-match-'))
    let sigmaHq: SigmaHq
    let logs: readonly string[]

    beforeAll(() => {
      sigmaHq = readSigmaHq()
      for (const { file, text } of sigmaHq.rules) write(join('rules', file), text)
      logs = sigmaHq.pairs.map(({ records }, at) => write(join('logs', `${at}.json`), `${records.join('\n')}\n`))
    })

    afterAll(() => rmSync(folder, { recursive: true }))

    test('352 lines of JSON, each once, and among them every rule on its own events', async () => {
      const { code, out } = await match('--json', '--skip-invalid')
      expect(code).toBe(0)
      const found = out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Finding)
      expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['finding']))
      const places = found.map(({ rule, event: { file, record } }) => `${rule} ${basename(file)} ${record}`)
      expect([places.length, new Set(places).size]).toEqual([352, 352])
      expect(new Set(found.map(({ rule }) => rule)).size).toBe(242)
      const events = new Set(found.map(({ event: { file, record } }) => `${file} ${record}`))
      expect(new Set(found.map(({ event }) => event.id)).size).toBe(events.size)
      const short = sigmaHq.pairs.filter(
        ({ rule, count }, at) => places.filter((place) => place.startsWith(`${rule} ${at}.json `)).length < count,
      )
      expect(short.map(({ file }) => file)).toEqual([])
    })

    test('for people one line a match, and how many records there were', async () => {
      const { code, out } = await match('--skip-invalid')
      const lines = out.trim().split('\n')
      expect([code, lines.length, lines.at(-1)]).toEqual([0, 353, '238 records.'])
    })

    test('a rule that cannot be loaded is an error unless it may be skipped', async () => {
      const { code, out, err } = await match('--json')
      expect([code, out]).toEqual([1, ''])
      expect(err).toContain('win_security_adcs_certighost_cdc_chase_request.yml')
      expect(err).toContain('%known_cdcs% has no list')
    })

    function match(...flags: readonly string[]): ReturnType<typeof modelward> {
      return modelward(['rules', 'match', join(folder, 'rules'), ...logs, ...flags])
    }

    function write(name: string, text: string): string {
      const path = join(folder, name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
      return path
    }
  },
)
