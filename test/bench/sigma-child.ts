/** The child of the sigma bench: loads the rules, then judges every lane again and again, on one core. */
import { readFileSync } from 'node:fs'
import type { Event, Logsource } from '../../src/contract/event.ts'
import { matchedBy } from '../../src/rules/compile/rule.ts'
import { Matcher } from '../../src/rules/index/matcher.ts'
import { loadRules } from '../../src/rules/load.ts'

/** At least this long each lane is judged, after as much again for the compiler to warm up. */
const SECONDS = 1

const [rules = '', mode = 'routed', ...lanes] = process.argv.slice(2)
const MIB = 2 ** 20
/** Characters of matches written out, and matches; told, so that neither can be left out. */
let writtenOut = 0
let matches = 0
const atStart = process.cpuUsage()
const loaded = loadRules(rules.split(','))
const loadSeconds = secondsSince(atStart)
const matcher = new Matcher(loaded.rules, { routing: mode === 'routed' })
const before = process.memoryUsage.rss()
const firsts = lanes.map((lane) => {
  const from = process.cpuUsage()
  const text = readFileSync(lane, 'utf8')
  judge(text.slice(0, text.indexOf('\n') + 1))
  return secondsSince(from)
})
const rss = process.memoryUsage.rss()
const speeds = lanes.map((lane) => {
  const text = readFileSync(lane, 'utf8')
  measure(text)
  return { matched: measure(text), written: measure(text, true) }
})
process.send?.({
  rules: loaded.rules.length,
  loadSeconds,
  buildSeconds: firsts.reduce((sum, seconds) => sum + seconds, 0),
  rssMiB: rss / MIB,
  indexMiB: (rss - before) / MIB,
  speeds,
  writtenOut,
  matches,
})

/** Events a second of CPU time. */
function measure(text: string, isWritten = false): number {
  const from = process.cpuUsage()
  let events = 0
  while (secondsSince(from) < SECONDS) events += judge(text, isWritten)
  return events / secondsSince(from)
}

/** Every line parsed and judged; where wanted, each match written out with what decided, as rsigma writes its own. */
function judge(text: string, isWritten = false): number {
  let events = 0
  for (let at = 0; at < text.length; events++) {
    const end = text.indexOf('\n', at)
    const one = eventOf(JSON.parse(text.slice(at, end)))
    const held = matcher.match(one)
    if (isWritten)
      for (const { rule, root } of held)
        writtenOut += JSON.stringify({
          id: rule.facts.id,
          title: rule.facts.title,
          matched: matchedBy(root, one),
        }).length
    matches += held.length
    at = end + 1
  }
  return events
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
