/**
 * `npm test`: every test of every project through vitest, and as the last line `N passed, N failed` (and skipped, if
 * any). Tests whose peer is not installed skip and say why; under CI they fail instead.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numFailedTestSuites: number
  readonly success: boolean
}

const folder = mkdtempSync(join(tmpdir(), 'modelward-test-'))
const file = join(folder, 'report.json')
const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs')
const args = [
  vitest,
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${file}`,
  ...process.argv.slice(2),
]
const child = spawn(process.execPath, args, { stdio: 'inherit', cwd: join(import.meta.dirname, '..') })
child.on('close', (code) => {
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report
  rmSync(folder, { recursive: true })
  const failed = report.numFailedTests + (report.numFailedTests === 0 ? report.numFailedTestSuites : 0)
  const skipped = report.numPendingTests > 0 ? `, ${report.numPendingTests} skipped` : ''
  console.log(`${report.numPassedTests} passed, ${failed} failed${skipped}`)
  process.exitCode = code === 0 && report.success && failed === 0 ? 0 : 1
})
