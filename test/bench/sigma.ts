import { fork, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { sharedData } from '../support/shared-data.ts'
import { median, type Bench, type Case } from './bench.ts'

/** It always writes its matches. */
const PEER = 'rsigma 0.23'
const RUNS = 3
/** The core on which both sides run, in turn. */
const CORE = '1'
const MODES = ['routed', 'unrouted'] as const
/** A lane is repeated this often for rsigma, whose time for loading is taken away by a run over the lane itself. */
const LANES = [
  { name: 'structured_windows', repeats: 6 },
  { name: 'sysmon_file_event', repeats: 8 },
  { name: 'raw_windows', repeats: 11 },
  { name: 'cisco_syslog', repeats: 21 },
] as const
const RULE_FOLDERS = ['rules', 'rules-compliance', 'rules-emerging-threats', 'rules-threat-hunting']

type Mode = (typeof MODES)[number]

/** What the child tells of one mode; speeds by lane, in events a second of CPU time. */
interface Ours {
  readonly rules: number
  /** From the start of the process to rules that are loaded. */
  readonly loadSeconds: number
  /** For indexes that are built ahead. */
  readonly warmSeconds: number
  /** The longest that a lane's first event took. */
  readonly firstSeconds: number
  /** The whole process after every lane was judged once. */
  readonly rssMiB: number
  readonly indexMiB: number
  /** Matches written, by lane. */
  readonly matches: readonly number[]
  readonly speeds: readonly { readonly matched: number; readonly written: number }[]
}

interface Run {
  readonly mode: Mode
  readonly ours: Ours
  /** By lane; undefined without rsigma. */
  readonly theirs: readonly number[] | undefined
}

/** The single-event matcher on all of SigmaHQ's rules, beside rsigma on the same core in the same minutes. */
export const sigma: Bench = {
  name: 'sigma',
  summary: 'all SigmaHQ rules on four lanes: events/s a core, memory, load, beside rsigma',
  async run(report) {
    const folder = mkdtempSync(join(tmpdir(), 'modelward-sigma-'))
    try {
      const rules = unpackRules(folder)
      const rsigma = unpackPeer(folder, report)
      const lanes = LANES.map(({ name, repeats }) => writeLane(folder, name, repeats))
      const runs: Run[] = []
      for (let run = 0; run < RUNS; run++)
        for (const mode of MODES) {
          const ours = await runOurs(rules, mode, lanes)
          const theirs = rsigma === undefined ? undefined : lanes.map((lane) => runPeer(rsigma, rules, mode, lane))
          runs.push({ mode, ours, theirs })
          report(
            `run ${run + 1}, ${mode}: ${written(ours.speeds.map((speed) => speed.written))} ev/s with ${written(ours.matches)} matches; rsigma ${written(theirs ?? [])}`,
          )
        }
      return casesOf(runs)
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

function casesOf(runs: readonly Run[]): readonly Case[] {
  return MODES.flatMap((mode) => {
    const those = runs.filter((run) => run.mode === mode)
    const middle = (of: (run: Run) => number): number => median(those.map(of))
    const row = (
      name: string,
      value: number | null,
      unit: string,
      peer: string | null = null,
      ratio: number | null = null,
    ): Case => ({
      bench: 'sigma',
      case: `${name}, ${mode}`,
      value,
      unit,
      runs: RUNS,
      peer,
      ratio,
    })
    const lanes = LANES.flatMap(({ name }, lane) => {
      const ours = middle((run) => run.ours.speeds[lane]?.matched ?? NaN)
      const withMatches = middle((run) => run.ours.speeds[lane]?.written ?? NaN)
      const theirs = those.every((run) => run.theirs) ? middle((run) => run.theirs?.[lane] ?? NaN) : null
      return [
        row(name, ours, 'events/s', PEER, theirs === null ? null : ours / theirs),
        row(`${name}, matches written`, withMatches, 'events/s', PEER, theirs === null ? null : withMatches / theirs),
        row(`${name}, ${PEER}`, theirs, 'events/s'),
      ]
    })
    return [
      ...lanes,
      row(
        'rules',
        middle((run) => run.ours.rules),
        'rules',
      ),
      row(
        'load',
        middle((run) => run.ours.loadSeconds),
        's',
      ),
      row(
        'indexes built ahead',
        middle((run) => run.ours.warmSeconds),
        's',
      ),
      row(
        'longest first event of a lane',
        middle((run) => run.ours.firstSeconds * 1000),
        'ms',
      ),
      row(
        'RSS of the process after all lanes',
        middle((run) => run.ours.rssMiB),
        'MiB',
      ),
      row(
        'of which indexes',
        middle((run) => run.ours.indexMiB),
        'MiB',
      ),
    ]
  })
}

function unpackRules(folder: string): string {
  run('tar', ['-xzf', sharedData('sigma', 'sigmahq-rules-8eaafff1.tar.gz'), '-C', folder])
  const [root] = [
    folder,
    ...run('ls', [folder])
      .split('\n')
      .map((name) => join(folder, name)),
  ].filter((path) => existsSync(join(path, 'rules')))
  if (root === undefined) throw new Error('there is no folder "rules" in the archive of SigmaHQ')
  const rules = join(folder, 'all')
  mkdirSync(rules)
  for (const name of RULE_FOLDERS) run('cp', ['-r', join(root, name), join(rules, name)])
  return rules
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

interface Lane {
  readonly once: string
  readonly often: string
  /** Events in `often` beyond those in `once`. */
  readonly more: number
}

function writeLane(folder: string, name: string, repeats: number): Lane {
  const text = gunzipSync(readFileSync(sharedData('sigma', 'lanes', `${name}.ndjson.gz`))).toString()
  const lines = text.endsWith('\n') ? text : `${text}\n`
  const once = join(folder, `${name}.ndjson`)
  const often = join(folder, `${name}.often.ndjson`)
  writeFileSync(once, lines)
  writeFileSync(often, lines.repeat(repeats))
  return { once, often, more: (lines.split('\n').length - 1) * (repeats - 1) }
}

function runOurs(rules: string, mode: Mode, lanes: readonly Lane[]): Promise<Ours> {
  return new Promise((done, reject) => {
    const script = join(import.meta.dirname, 'sigma-child.ts')
    const files = lanes.map((lane) => lane.once)
    const pinned = { execPath: 'taskset', execArgv: ['-c', CORE, process.execPath] }
    const child = fork(script, [rules, mode, ...files], pinned)
    child.on('message', (message) => done(message as Ours))
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? undefined : reject(new Error(`the child ended with ${code}`))))
  })
}

/** Events a second of CPU time, net of loading. */
function runPeer(rsigma: string, rules: string, mode: Mode, lane: Lane): number {
  const seconds = (file: string): number => {
    const routing = mode === 'routed' ? ['--logsource-routing'] : []
    const judge = ['engine', 'eval', '-r', rules, '-e', `@${file}`, '--input-format', 'json', ...routing]
    const timed = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&1'
    const { stderr } = spawnSync('taskset', [
      '-c',
      CORE,
      'bash',
      '-c',
      timed,
      'x',
      rsigma,
      ...judge,
      '--output-format',
      'ndjson',
    ])
    const [user = NaN, system = NaN] = stderr.toString().trim().split(' ').map(Number)
    return user + system
  }
  return lane.more / (seconds(lane.often) - seconds(lane.once))
}

function run(command: string, arguments_: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, arguments_)
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr.toString()}`)
  return stdout.toString()
}

function written(speeds: readonly number[]): string {
  return speeds.map((speed) => speed.toFixed(0)).join(', ')
}
