import { fork, spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { median, type Bench, type Case } from './bench.ts'
import { EVENTS, rulesText, TYPES, writeEvents } from './sigma-correlations-events.ts'

const PEER = 'rsigma 0.23'
const RUNS = 3
/** The core on which both sides run, in turn. */
const CORE = '1'
const GROUPS = 100_000
/** With changes stored, ours takes them after so many events. */
const COMMIT_EVERY = 1_000
/** rsigma forgets groups beyond 100,000 over all correlations unless it is told otherwise. */
const PEER_ROOM = '10000000'
/** rsigma remembers no events unless told to; ours always does: in one run of one type both are measured, and ours with storing. */
const MODES = ['none', 'refs'] as const
const MORE = 'value_count'

/** What one side took for all events: CPU seconds and the greatest memory. */
interface Took {
  readonly seconds: number
  readonly rssMiB: number
  readonly findings: number
  readonly groups: number
}

interface Run {
  readonly ours: Took
  readonly storing: Took | undefined
  /** By mode; none without rsigma. */
  readonly theirs: readonly Took[]
}

/** Five correlations of a type over 100,000 live groups, beside rsigma on the same core in the same minutes. */
export const sigmaCorrelations: Bench = {
  name: 'sigma-correlations',
  summary: 'five correlations of each type over 100,000 groups: events/s a core, memory, beside rsigma',
  async run(report) {
    const folder = mkdtempSync(join(tmpdir(), 'modelward-correlations-'))
    try {
      const rsigma = unpackPeer(folder, report)
      const events = join(folder, 'events.ndjson')
      const one = join(folder, 'one.ndjson')
      writeEvents(events, GROUPS)
      const text = readFileSync(events)
      writeFileSync(one, text.subarray(0, text.indexOf(10) + 1))
      const wanted = process.env['MODELWARD_BENCH_TYPES']?.split(',') ?? [...TYPES, 'all']
      const cases: Case[] = []
      for (const name of wanted) {
        const rules = join(folder, `${name}.yml`)
        writeFileSync(rules, rulesText(TYPES.filter((type) => name === type || name === 'all')))
        const runs: Run[] = []
        for (let run = 0; run < RUNS; run++) {
          const isMore = name === MORE && run === 0
          const ours = await runOurs(rules, events, 0)
          const storing = isMore ? await runOurs(rules, events, COMMIT_EVERY) : undefined
          const theirs: Took[] = []
          for (const mode of rsigma === undefined ? [] : MODES)
            if (mode === 'none' || isMore) theirs.push(await runPeer(rsigma ?? '', { rules, events, one, mode }))
          runs.push({ ours, storing, theirs })
          const told = [ours, ...(storing ? [storing] : []), ...theirs].map(
            ({ seconds, rssMiB, findings }) => `${seconds.toFixed(2)} s ${rssMiB.toFixed(0)} MiB ${findings} findings`,
          )
          report(`${name}, run ${run + 1}: ${told.join('; ')}; ${ours.groups} groups`)
        }
        cases.push(...casesOf(name, runs))
      }
      return cases
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

function casesOf(name: string, runs: readonly Run[]): readonly Case[] {
  const row = (
    what: string,
    unit: string,
    of: (run: Run) => number | undefined,
    against?: (run: Run) => number | undefined,
  ): Case => {
    const value = middleOf(runs, of)
    const peer = against && middleOf(runs, against)
    const ratio = value === null || peer === undefined || peer === null ? null : value / peer
    return {
      bench: 'sigma-correlations',
      case: `${name}${what}`,
      value,
      unit,
      runs: runs.filter((run) => of(run) !== undefined && (!against || against(run) !== undefined)).length,
      peer: against ? PEER : null,
      ratio,
    }
  }
  const speedOf = (took: Took | undefined): number | undefined => took && EVENTS / took.seconds
  const theirSpeed =
    (mode: number) =>
    (run: Run): number | undefined =>
      speedOf(run.theirs[mode])
  const theirMemory =
    (mode: number) =>
    (run: Run): number | undefined =>
      run.theirs[mode]?.rssMiB
  const rows = [
    row('', 'events/s', (run) => speedOf(run.ours), theirSpeed(0)),
    row(', RSS', 'MiB', (run) => run.ours.rssMiB, theirMemory(0)),
    row(`, ${PEER}`, 'events/s', theirSpeed(0)),
    row(`, ${PEER}, RSS`, 'MiB', theirMemory(0)),
  ]
  if (name !== MORE) return rows
  return [
    ...rows,
    row(', beside one that keeps events too', 'events/s', (run) => run.theirs[1] && speedOf(run.ours), theirSpeed(1)),
    row(', changes written every 1,000 events', 'events/s', (run) => speedOf(run.storing), theirSpeed(0)),
    row(`, ${PEER} with refs`, 'events/s', theirSpeed(1)),
    row(`, ${PEER} with refs, RSS`, 'MiB', theirMemory(1)),
  ]
}

function middleOf(runs: readonly Run[], of: (run: Run) => number | undefined): number | null {
  const values = runs.map(of).filter((value) => value !== undefined)
  return values.length === 0 ? null : median(values)
}

/** The peer's binary, from MODELWARD_TOOLS or the tools beside the project; undefined, and said so, where it is missing. */
function unpackPeer(folder: string, report: (message: string) => void): string | undefined {
  const tools = resolve(import.meta.dirname, '../..', process.env['MODELWARD_TOOLS'] ?? '../shared/tools')
  const packed = join(tools, 'rsigma-0.23.0.xz')
  if (!existsSync(packed)) {
    report(`rsigma is missing: no ${packed}; set MODELWARD_TOOLS to its folder`)
    return undefined
  }
  const binary = join(folder, 'rsigma')
  writeFileSync(binary, spawnSync('xz', ['-dc', packed], { maxBuffer: 2 ** 28 }).stdout)
  chmodSync(binary, 0o700)
  return binary
}

function runOurs(rules: string, events: string, commitEvery: number): Promise<Took> {
  return new Promise((done, reject) => {
    const script = join(import.meta.dirname, 'sigma-correlations-child.ts')
    const pinned = { execPath: 'taskset', execArgv: ['-c', CORE, process.execPath] }
    const child = fork(script, [rules, events, String(commitEvery)], pinned)
    child.on('message', (message) => done(message as Took))
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? undefined : reject(new Error(`the child ended with ${code}`))))
  })
}

interface PeerWork {
  readonly rules: string
  readonly events: string
  readonly one: string
  readonly mode: (typeof MODES)[number]
}

/** Net of the time for loading, which is that for a single event. */
async function runPeer(rsigma: string, work: PeerWork): Promise<Took> {
  const loading = await runPeerOver(rsigma, { ...work, events: work.one })
  const whole = await runPeerOver(rsigma, work)
  return { ...whole, seconds: whole.seconds - loading.seconds }
}

async function runPeerOver(rsigma: string, { rules, events, mode }: PeerWork): Promise<Took> {
  const judge = ['engine', 'eval', '-r', rules, '-e', `@${events}`, '--input-format', 'json', '--logsource-routing']
  const more = ['--no-detections', '--output-format', 'ndjson', '--max-state-entries', PEER_ROOM]
  const words = [rsigma, ...judge, ...more, '--timestamp-field', 'timestamp', '--correlation-event-mode', mode]
  const timed = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null'
  const child = spawn('taskset', ['-c', CORE, 'bash', '-c', timed, 'x', ...words, '--max-correlation-events', '100'])
  let said = ''
  child.stderr.on('data', (data: Buffer) => (said += data.toString()))
  let rssMiB = 0
  const watching = setInterval(() => (rssMiB = Math.max(rssMiB, peakOf(child.pid ?? 0))), 20)
  await new Promise((done) => child.on('close', done))
  clearInterval(watching)
  const [user = NaN, system = NaN] = (said.trim().split('\n').at(-1) ?? '').split(' ').map(Number)
  const findings = Number(/ (\d+) correlation matches/.exec(said)?.[1])
  if (Number.isNaN(user + system)) throw new Error(`rsigma: ${said}`)
  return { seconds: user + system, rssMiB, findings, groups: 0 }
}

/** The greatest memory in MiB of what the shell has started, as Linux counts it; 0 where that has ended. */
function peakOf(shell: number): number {
  try {
    const [child] = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').split(' ')
    const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child}/status`, 'utf8'))
    return Number(found?.[1] ?? 0) / 2 ** 10
  } catch {
    return 0
  }
}
