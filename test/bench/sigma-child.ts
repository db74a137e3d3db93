/** The child of the sigma bench: loads the rules, then judges every lane again and again, on one core. */
import { openSync, readFileSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Event, Logsource } from '../../src/contract/event.ts'
import type { Finding, RuleFacts } from '../../src/contract/rules.ts'
import { Matcher } from '../../src/rules/index/matcher.ts'
import { loadRules } from '../../src/rules/load.ts'

/** At least this long each lane is judged, after as much again for the compiler to warm up. */
const SECONDS = 1
/** Characters that are gathered before they are written out. */
const CHUNK = 65_536
const MIB = 2 ** 20

const [rules = '', mode = 'routed', ...lanes] = process.argv.slice(2)
const routing = mode === 'routed'
const out = openSync('/dev/null', 'w')
let chunk = ''
/** Rule, title, level and tags are the same in every line of a rule. */
const heads = new Map<RuleFacts, string>()

const loaded = loadRules(rules.split(','), { routing })
const loadSeconds = secondsSince({ user: 0, system: 0 })
const before = process.memoryUsage.rss()
const atWarm = process.cpuUsage()
for (const _ of loaded.warm());
const warmSeconds = secondsSince(atWarm)
const indexMiB = (process.memoryUsage.rss() - before) / MIB
const firsts: { readonly seconds: number; readonly matches: number }[] = []
for (const lane of lanes) {
  let seconds: number | undefined
  let found = 0
  const file = await open(lane)
  for await (const line of file.readLines()) {
    const from = process.cpuUsage()
    found += judged(eventOf(JSON.parse(line)))
    seconds ??= secondsSince(from)
  }
  firsts.push({ seconds: seconds ?? NaN, matches: found })
}
const rssMiB = process.memoryUsage.rss() / MIB
const matcher = new Matcher(loaded.rules, { routing })
const speeds = lanes.map((lane) => {
  const text = readFileSync(lane, 'utf8')
  const speed = (each: (event: Event) => unknown): number => {
    measure(text, each)
    return measure(text, each)
  }
  return { matched: speed((event) => matcher.match(event)), written: speed(judged) }
})
process.send?.({
  rules: loaded.rules.length,
  loadSeconds,
  warmSeconds,
  firstSeconds: Math.max(...firsts.map(({ seconds }) => seconds)),
  rssMiB,
  indexMiB,
  matches: firsts.map(({ matches }) => matches),
  speeds,
})

/** Events a second of CPU time. */
function measure(text: string, each: (event: Event) => unknown): number {
  const from = process.cpuUsage()
  let events = 0
  while (secondsSince(from) < SECONDS) events += eachEvent(text, each)
  return events / secondsSince(from)
}

/** Every line parsed and handed on: how many there were. */
function eachEvent(text: string, each: (event: Event) => unknown): number {
  let events = 0
  for (let at = 0; at < text.length; events++) {
    const end = text.indexOf('\n', at)
    each(eventOf(JSON.parse(text.slice(at, end))))
    at = end + 1
  }
  return events
}

/** As the daemon judges; each finding becomes a line with the rule and what decided, as rsigma writes its own. */
function judged(event: Event): number {
  const findings = loaded.judge.judge(event)
  for (const finding of findings) chunk += lineOf(finding)
  if (chunk.length >= CHUNK) {
    writeSync(out, chunk)
    chunk = ''
  }
  return findings.length
}

function lineOf({ rule, matched }: Finding): string {
  let head = heads.get(rule)
  if (head === undefined) {
    const { id, title, level, tags } = rule
    head = `${JSON.stringify({ rule: id, title, level, tags }).slice(0, -1)},"matched":`
    heads.set(rule, head)
  }
  return `${head}${JSON.stringify(matched)}}\n`
}

function eventOf(fields: Record<string, unknown> & Logsource): Event {
  const { category, product, service } = fields
  const logsource = { category, product, service } as Logsource
  const sealed = { identity: [], text: [] }
  return { id: '', at: 0, receivedAt: 0, source: 'bench', format: 'json', logsource, fields, sealed, ecs: {} }
}

function secondsSince(from: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from)
  return (user + system) / 1e6
}
