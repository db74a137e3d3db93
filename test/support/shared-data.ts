import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..', process.env['MODELWARD_DATA'] ?? '../shared/data')

/** The path of a public data set beside the project, see CONTRIBUTING.md. */
export function sharedData(...segments: readonly string[]): string {
  return join(root, ...segments)
}

/** Whether the public data is there. In CI its absence is a failure, never a skip. */
export function haveSharedData(): boolean {
  if (existsSync(root)) return true
  if (process.env['CI']) throw new Error(`public test data is missing at ${root}; set MODELWARD_DATA`)
  return false
}
