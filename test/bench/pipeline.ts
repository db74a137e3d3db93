import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../src/runtime/random.ts'
import { median, type Bench, type Case } from './bench.ts'

const PRINCIPALS = 50_000
const EVENTS = 300_000
const RUNS = 3

/** tail -> parse -> score -> rules -> commit, by the real daemon on a real file and a real disk, in a process of its own. */
export const pipeline: Bench = {
  name: 'pipeline',
  summary: 'tail, parse, score, rules, commit: MB/s, events/s, peak RSS, beside JSON.parse alone',
  async run(report) {
    const folder = mkdtempSync(join(tmpdir(), 'modelward-bench-'))
    try {
      const file = join(folder, 'gateway.ndjson')
      report(`writing ${EVENTS} events of ${PRINCIPALS} principals`)
      writeEvents(file)
      const megabytes = statSync(file).size / 1e6
      const parses: number[] = []
      const runs: DaemonRun[] = []
      for (let run = 0; run < RUNS; run++) {
        parses.push(parseAlone(file))
        runs.push(await inDaemon(file, join(folder, `data-${run}`)))
        report(`run ${run + 1}: ${(EVENTS / (runs.at(-1)?.seconds ?? NaN)).toFixed(0)} events/s`)
      }
      return casesOf(megabytes, parses, runs)
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

interface DaemonRun {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakMiB: number
  readonly committed: number
}

function casesOf(megabytes: number, parses: readonly number[], runs: readonly DaemonRun[]): readonly Case[] {
  const seconds = median(runs.map((run) => run.seconds))
  const cpuSeconds = median(runs.map((run) => run.cpuSeconds))
  const parsing = median(parses)
  const row = (name: string, value: number, unit: string, peer: string | null, ratio: number | null): Case => ({
    bench: 'pipeline',
    case: name,
    value,
    unit,
    runs: RUNS,
    peer,
    ratio,
  })
  return [
    row('JSON.parse alone', EVENTS / parsing, 'events/s', null, null),
    row('JSON.parse alone', megabytes / parsing, 'MB/s', null, null),
    row('tail to commit', EVENTS / seconds, 'events/s', 'JSON.parse alone', parsing / seconds),
    row('tail to commit', megabytes / seconds, 'MB/s', 'JSON.parse alone', parsing / seconds),
    row('tail to commit, per core (CPU time)', EVENTS / cpuSeconds, 'events/s', null, null),
    row(`peak RSS with ${PRINCIPALS} principals`, Math.max(...runs.map((run) => run.peakMiB)), 'MiB', null, null),
    row('events committed', Math.min(...runs.map((run) => run.committed)), 'events', null, null),
  ]
}

function writeEvents(file: string): void {
  const random = seededRandom(7)
  const keys = Array.from({ length: PRINCIPALS }, (_, n) => createHash('sha256').update(`key ${n}`).digest('hex'))
  const out = openSync(file, 'w', 0o600)
  let at = Date.UTC(2026, 0, 5)
  for (let written = 0; written < EVENTS; written += 1_000) {
    let text = ''
    for (let n = 0; n < 1_000; n++) text += `${JSON.stringify(event((at += 20), keys, () => random.next()))}\n`
    writeSync(out, text)
  }
  closeSync(out)
}

/** A LiteLLM payload of about 500 bytes. */
function event(at: number, keys: readonly string[], next: () => number): unknown {
  const input = 10 + Math.floor(next() * 400)
  const output = 10 + Math.floor(next() * 400)
  return {
    id: `chatcmpl-${Math.floor(next() * 2 ** 48).toString(16)}`,
    call_type: 'acompletion',
    status: 'success',
    custom_llm_provider: 'openai',
    startTime: at / 1000 - 0.4,
    endTime: at / 1000,
    response_time: 0.4,
    model: 'openai/gpt-4o-mini',
    metadata: {
      user_api_key_hash: keys[Math.floor(next() * keys.length)],
      user_api_key_team_id: 'team-a',
      requester_ip_address: '192.0.2.7',
    },
    response_cost: 1e-5,
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    messages: [{ role: 'user', content: `question ${Math.floor(next() * 1e9)}` }],
    model_parameters: { temperature: 0.2, max_tokens: 512 },
  }
}

function parseAlone(file: string): number {
  const startedAt = performance.now()
  const input = openSync(file, 'r')
  const chunk = Buffer.alloc(2 ** 20)
  let rest = ''
  let parsed = 0
  for (let read = readSync(input, chunk); read > 0; read = readSync(input, chunk)) {
    const lines = (rest + chunk.toString('utf8', 0, read)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (JSON.parse(line) !== null) parsed++
  }
  closeSync(input)
  if (parsed !== EVENTS) throw new Error(`parsed ${parsed} of ${EVENTS}`)
  return (performance.now() - startedAt) / 1000
}

function inDaemon(file: string, data: string): Promise<DaemonRun> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'pipeline-daemon.ts'), [file, data, String(EVENTS)])
    child.on('message', (message) => resolve(message as DaemonRun))
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? undefined : reject(new Error(`the daemon ended with ${code}`))))
  })
}
