import { globSync, accessSync, constants, statSync } from 'node:fs'
import { request } from 'undici'
import { ConfigError, reasonOf } from '../runtime/errors.ts'
import { checkAll } from './check.ts'
import { loadConfig, type Config } from './config/load.ts'
import { DataDirectory } from './data-directory.ts'
import { verifyAudit } from './offline.ts'

/** One thing looked at: well or not, and what to do. */
export interface Diagnosis {
  readonly name: string
  readonly well: boolean
  readonly detail: string
}

/** Is it well: program, config, permissions, data directory, audit chain, and the daemon if one runs. */
export async function examine(file: string | undefined, data: string | undefined): Promise<readonly Diagnosis[]> {
  const findings: Diagnosis[] = [nodeVersion()]
  const checked = checkAll(file)
  findings.push({
    name: 'config, rules, playbooks',
    well: checked.problems.length === 0,
    detail:
      checked.problems.length === 0
        ? `${checked.rules} rules, ${checked.playbooks} playbooks`
        : `${checked.problems.length} problems: run \`modelward check\``,
  })
  const config = configOrNothing(file)
  if (config) findings.push(...readablePaths(config))
  const directory = new DataDirectory(data ?? config?.data ?? 'modelward-data')
  findings.push(...dataDirectory(directory))
  findings.push(await running(directory))
  return findings
}

/** Whether the daemon of a data directory says that it is ready; for container health checks. */
export async function running(directory: DataDirectory): Promise<Diagnosis> {
  const name = 'daemon'
  const console = directory.console()
  if (!console) return { name, well: false, detail: `none has run on ${directory.path}` }
  try {
    const reply = await request(new URL('/-/ready', console.address), { headersTimeout: 4_000 })
    const text = await reply.body.text()
    return {
      name,
      well: reply.statusCode === 200,
      detail: reply.statusCode === 200 ? `ready at ${console.address}` : text.trim().slice(0, 500),
    }
  } catch (error) {
    return { name, well: false, detail: `none answers at ${console.address}: ${reasonOf(error)}` }
  }
}

function nodeVersion(): Diagnosis {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return {
    name: 'Node',
    well: major > 24 || (major === 24 && minor >= 15),
    detail: `${process.version} (24.15 or newer is needed)`,
  }
}

function configOrNothing(file: string | undefined): Config | undefined {
  try {
    return loadConfig(file)
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}

function readablePaths(config: Config): readonly Diagnosis[] {
  return config.sources
    .filter(({ kind }) => kind === 'file')
    .map((source) => {
      const { paths } = source.config as { readonly paths: readonly string[] }
      const found = globSync([...paths])
      const closed = found.filter((path) => !isReadable(path))
      const name = `source ${source.name}`
      if (found.length === 0) return { name, well: false, detail: `no file matches ${paths.join(', ')}` }
      return {
        name,
        well: closed.length === 0,
        detail:
          closed.length === 0 ? `${found.length} files` : `not readable by this user: ${closed.slice(0, 5).join(', ')}`,
      }
    })
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

function dataDirectory(directory: DataDirectory): readonly Diagnosis[] {
  if (!directory.exists)
    return [{ name: 'data directory', well: true, detail: `${directory.path} will be made at the first start` }]
  const mode = statSync(directory.path).mode & 0o777
  const findings = [
    {
      name: 'data directory',
      well: mode === 0o700,
      detail: `${directory.path} has mode ${mode.toString(8)}${mode === 0o700 ? '' : '; make it 700'}`,
    },
  ]
  try {
    const verdict = verifyAudit(directory.path, [])
    findings.push({
      name: 'audit chain',
      well: verdict.intact,
      detail: verdict.intact ? `${verdict.entries} entries` : (verdict.problem ?? 'broken'),
    })
  } catch (error) {
    findings.push({ name: 'audit chain', well: false, detail: reasonOf(error) })
  }
  return findings
}
