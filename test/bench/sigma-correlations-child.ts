/** The child of the sigma-correlations bench: judges every line of a file once, on one core, and tells what it took. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import type { Event, Logsource } from '../../src/contract/event.ts'
import { linkCorrelations } from '../../src/rules/correlate/link.ts'
import { RuleJudge } from '../../src/rules/judge.ts'
import { parseDocuments } from '../../src/rules/parse/documents.ts'
import { Room } from '../../src/rules/state/groups.ts'
import { KeyedHash } from '../../src/runtime/keyed-hash.ts'

const [rules = '', events = '', every = '0'] = process.argv.slice(2)
/** Changes are taken to be stored after so many events; 0: never. */
const commitEvery = Number(every)
const MIB = 2 ** 20
const NONE = { identity: [], text: [] }

const read = parseDocuments(rules, readFileSync(rules, 'utf8'))
const room = new Room(10_000_000)
const linked = linkCorrelations(read.correlations, read.rules, { room, hash: new KeyedHash(Buffer.alloc(8, 7)) })
const problems = [...read.problems, ...linked.problems]
if (problems.length > 0) throw new Error(problems.map(({ part, what }) => `${part}: ${what}`).join('\n'))
const judge = new RuleJudge(read.rules, { ...linked, room })

let findings = 0
let written = 0
let stored = 0
let judged = 0
const from = process.cpuUsage()
judgeFile(events)
const { user, system } = process.cpuUsage(from)
process.send?.({
  events: judged,
  seconds: (user + system) / 1e6,
  groups: room.held,
  findings,
  rssMiB: process.resourceUsage().maxRSS / 2 ** 10,
  storedMiB: stored / MIB,
  written,
})

function judgeFile(path: string): void {
  const file = openSync(path, 'r')
  const chunk = Buffer.alloc(2 ** 18)
  let kept = 0
  for (let got = readSync(file, chunk); got > 0; got = readSync(file, chunk, kept, chunk.length - kept, null)) {
    const end = kept + got
    const whole = chunk.lastIndexOf(10, end - 1) + 1
    for (const line of chunk.toString('utf8', 0, whole).split('\n')) if (line !== '') judgeLine(line)
    chunk.copyWithin(0, whole, end)
    kept = end - whole
  }
  closeSync(file)
}

function judgeLine(line: string): void {
  for (const finding of judge.judge(eventOf(JSON.parse(line)))) {
    findings++
    written += JSON.stringify({ title: finding.rule.title, matched: finding.matched, events: finding.events }).length
  }
  judged++
  if (commitEvery > 0 && judged % commitEvery === 0)
    for (const { value } of judge.changes()) stored += value?.byteLength ?? 0
}

function eventOf(fields: Record<string, string> & Logsource): Event {
  const { id = '', timestamp = '', category, product, service } = fields
  const logsource = { category, product, service } as Logsource
  const at = Date.parse(timestamp)
  return { id, at, receivedAt: at, source: 'bench', format: 'json', logsource, fields, sealed: NONE, ecs: {} }
}
