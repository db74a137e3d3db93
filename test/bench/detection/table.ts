import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench, Case } from '../bench.ts'

const PAGE = join(import.meta.dirname, '../../../docs/detectors.md')

/** An experiment of docs/detectors.md: its table stands there between `<!-- E1 -->` and `<!-- /E1 -->`. */
export interface Experiment {
  /** `E1`, `E2`, … */
  readonly id: string
  readonly bench: Bench
}

/** The experiment under the name of its command, `detection-…`, which writes its table into the page. */
export function tabled({ id, bench }: Experiment): Bench {
  const name = bench.name.startsWith('detection-') ? bench.name : `detection-${bench.name}`
  return {
    name,
    summary: bench.summary.startsWith(id) ? bench.summary : `${id}: ${bench.summary}`,
    async run(report) {
      const cases = await bench.run(report)
      writeTable(id, name, cases)
      report(`${id}: table written into docs/detectors.md`)
      return cases
    },
  }
}

function writeTable(id: string, command: string, cases: readonly Case[]): void {
  const page = readFileSync(PAGE, 'utf8')
  const [open, close] = [`<!-- ${id} -->`, `<!-- /${id} -->`]
  const [from, to] = [page.indexOf(open), page.indexOf(close)]
  if (from < 0 || to < from)
    throw new Error(`docs/detectors.md has no place for ${id}: put ${open} and ${close} into it`)
  const day = new Date().toISOString().slice(0, 10)
  const title = `\`npm run bench -- ${command}\`, ${day}, Node ${process.version}:`
  writeFileSync(PAGE, `${page.slice(0, from + open.length)}\n\n${title}\n\n${tableOf(cases)}\n\n${page.slice(to)}`)
}

function tableOf(cases: readonly Case[]): string {
  const rows = cases.map(({ case: name, value, unit, peer, runs }) => [
    name,
    value === null ? 'missing' : value.toLocaleString('en', { maximumFractionDigits: 3 }),
    unit,
    peer ?? '',
    String(runs),
  ])
  const lines = [
    ['case', 'value', 'unit', 'interval or beside', 'runs (seeds)'],
    ['---', '---:', '---', '---', '---:'],
    ...rows,
  ]
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n')
}
