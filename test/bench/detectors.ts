import type { Kernels } from '../../src/contract/compute.ts'
import type { Event } from '../../src/contract/event.ts'
import { openCompute } from '../../src/detect/compute/open.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { DetectorLine, freezeAll, type References, type StoredState } from '../support/detector-line.ts'
import { given } from '../support/given.ts'
import { InferenceTraffic } from '../support/inference-traffic.ts'
import { memoryKept } from '../support/memory.ts'
import { median, type Bench, type Case } from './bench.ts'

const SEED = 1
const PRINCIPALS = 10_000
const BATCH = 1_000
/** Batches before anything is measured: code is warm, and every principal has been seen. */
const WARM = 40
const RUNS = 5
/** Batches of one run. */
const BATCHES = 10
/** Clients that references are made of, and others that calibrate; requests of each, more of those with vectors. */
const [REFER, CALIBRATE, REQUESTS, VECTOR_REQUESTS] = [300, 1_400, 64, 320]
const never = new AbortController().signal

/** CPU seconds: of the main thread, and of all threads together (garbage collection and compute workers too). */
interface Spent {
  readonly main: number
  readonly all: number
}

/**
 * All detectors and the evidence over what a gateway sees on an ordinary day (`inference-traffic.ts`), in memory. By CPU
 * time, so that others on the machine cost little; on two cores the slower of the main thread and half of all threads counts.
 */
export const detectors: Bench = {
  name: 'detectors',
  summary: 'all detectors with the evidence over mixed inference events: events/s, µs and bytes of each, RSS',
  async run(report) {
    await using compute = await openCompute('wasm', given())
    const references = await frozen(compute, report)
    return [...(await together(compute, references, report)), ...(await apart(compute, references, report))]
  },
}

async function frozen(compute: Kernels, report: (message: string) => void): Promise<References> {
  const part = (prefix: string, clients: number) =>
    function* (): Generator<readonly Event[]> {
      const traffic = new InferenceTraffic(seededRandom(SEED), prefix)
      // Requests of chat first: query-distribution takes what most of the first have for what all have.
      for (let client = 1; client <= clients; client++)
        yield traffic.batch(Array.from({ length: client % 10 === 0 ? VECTOR_REQUESTS : REQUESTS }, () => client))
    }
  const made = await freezeAll(compute, part('refer', REFER), part('calibrate', CALIBRATE))
  for (const kind of made.references.keys()) report(`${kind}: reference frozen`)
  for (const [kind, reason] of made.refused) report(`${kind}: no reference: ${reason}`)
  return made.references
}

/** Everything as the daemon does it, event by event, and what it holds. */
async function together(
  compute: Kernels,
  references: References,
  report: (message: string) => void,
): Promise<readonly Case[]> {
  const stream = new Stream()
  const before = memoryKept()
  await using line = await DetectorLine.open({ compute, references, textThreads: 1 })
  const empty = memoryKept()
  const state: StoredState = new Map()
  for (const events of stream.batches(WARM)) {
    await line.pass(events)
    line.store(state)
  }
  const bytes = bytesOf(state)
  state.clear()
  const held = memoryKept()
  const runs: Spent[] = []
  for (let run = 0; run < RUNS; run++) {
    let [main, all] = [0, 0]
    for (const events of stream.batches(BATCHES)) {
      const spent = await cpu(async () => {
        await line.pass(events)
        line.changes()
      })
      main += spent.main
      all += spent.all
    }
    runs.push({ main, all })
    report(`run ${run + 1}: ${((BATCHES * BATCH) / all).toFixed(0)} events/s a core`)
  }
  const count = BATCHES * BATCH
  const principals = line.fusion.keys().held
  report(`${principals} principals with evidence, ${line.members.length} detectors`)
  return [
    row('all detectors, a core', median(runs.map(({ all }) => count / all)), 'events/s'),
    row('all detectors, two cores', median(runs.map(({ main, all }) => count / Math.max(main, all / 2))), 'events/s'),
    row('all detectors, main thread', median(runs.map(({ main }) => (1e6 * main) / count)), 'us/event'),
    row('held before the first event, heap and buffers', (empty.used - before.used) / 1e6, 'MB'),
    row(`held at ${PRINCIPALS} principals, heap and buffers`, (held.used - before.used) / 1e6, 'MB'),
    row(`held for each of ${PRINCIPALS} principals`, (held.used - empty.used) / PRINCIPALS, 'B'),
    row(`RSS at ${PRINCIPALS} principals, grown by`, (held.rss - before.rss) / 1e6, 'MB'),
    row(`RSS at ${PRINCIPALS} principals, whole process`, held.rss / 1e6, 'MB'),
    ...[...bytes].map(([name, each]) => row(`${name}, stored state`, each / PRINCIPALS, 'B/principal')),
  ]
}

/** One detector after the other over the same batches: what each costs. */
async function apart(
  compute: Kernels,
  references: References,
  report: (message: string) => void,
): Promise<readonly Case[]> {
  await using line = await DetectorLine.open({ compute, references })
  const spent = new Map<string, number[]>()
  const stream = new Stream()
  let batch = -1
  for (const events of stream.batches(WARM + RUNS * BATCHES)) {
    batch++
    for (const { name, detector } of line.members) {
      const { all } = await cpu(async () => {
        await detector.prepare?.(events, never)
        for (const event of events) {
          detector.score(event)
          detector.learn(event)
        }
        await detector.flush?.(never)
        detector.changes()
      })
      if (batch < WARM) continue
      const runs = spent.get(name) ?? Array.from({ length: RUNS }, () => 0)
      spent.set(name, runs)
      const run = Math.floor((batch - WARM) / BATCHES)
      runs[run] = (runs[run] ?? 0) + all
    }
  }
  report('each detector alone: done')
  const cost = (runs: readonly number[]): number => (1e6 * median(runs)) / (BATCHES * BATCH)
  return [...spent]
    .map(([name, runs]) => row(`${name}, alone`, cost(runs), 'us/event'))
    .toSorted((a, b) => (b.value ?? 0) - (a.value ?? 0))
}

/** Every principal once, then some more than others, without end. */
class Stream {
  readonly #random = seededRandom(SEED + 1)
  readonly #traffic = new InferenceTraffic(this.#random, 'live')
  #principal = 0

  #next(): number {
    if (this.#principal < PRINCIPALS) return this.#principal++
    return Math.floor(this.#random.next() ** 2 * PRINCIPALS)
  }

  *batches(count: number): Generator<readonly Event[]> {
    for (let batch = 0; batch < count; batch++)
      yield this.#traffic.batch(Array.from({ length: BATCH }, () => this.#next()))
  }
}

async function cpu(work: () => Promise<void>): Promise<Spent> {
  const [main, all] = [process.threadCpuUsage(), process.cpuUsage()]
  await work()
  const [mainSpent, allSpent] = [process.threadCpuUsage(main), process.cpuUsage(all)]
  return { main: (mainSpent.user + mainSpent.system) / 1e6, all: (allSpent.user + allSpent.system) / 1e6 }
}

function bytesOf(state: StoredState): Map<string, number> {
  const bytes = new Map<string, number>()
  for (const [name, own] of state)
    bytes.set(
      name,
      [...own].reduce((sum, [key, value]) => sum + key.length + value.length, 0),
    )
  return bytes
}

function row(name: string, value: number, unit: string): Case {
  return { bench: 'detectors', case: name, value, unit, runs: RUNS, peer: null, ratio: null }
}
