/** `npm run bench -- NAME [--json]`: a table a person can read, the machine it ran on, and what a peer did in the same run. */
import { cpus, totalmem } from 'node:os'
import type { Bench, Case } from './bench.ts'
import { compute } from './compute.ts'
import { detection, experiments } from './detection.ts'
import { detectors } from './detectors.ts'
import { pipeline } from './pipeline.ts'
import { sigma } from './sigma.ts'
import { sigmaCorrelations } from './sigma-correlations.ts'

const benches: readonly Bench[] = [pipeline, sigma, sigmaCorrelations, compute, detectors, detection, ...experiments]
const asJson = process.argv.includes('--json')
const [name] = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const bench = benches.find((candidate) => candidate.name === name)
if (bench) {
  const cases = await bench.run((message) => console.error(message))
  if (asJson) for (const row of cases) console.log(JSON.stringify(row))
  else console.log(tableOf(cases))
} else {
  console.error(
    `usage: npm run bench -- NAME [--json]\n${benches.map((one) => `  ${one.name.padEnd(26)} ${one.summary}`).join('\n')}`,
  )
  process.exitCode = 2
}

function tableOf(cases: readonly Case[]): string {
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
  const rows = cases.map((row) => [
    row.case.padEnd(46),
    (row.value === null ? 'missing' : row.value.toLocaleString('en', { maximumFractionDigits: 1 })).padStart(12),
    row.unit.padEnd(10),
    (row.peer ?? '').padEnd(22),
    row.ratio === null ? '' : `x ${row.ratio.toFixed(2)}`,
  ])
  return [machine, ...rows.map((row) => row.join('  ').trimEnd())].join('\n')
}
