/** `npm run new -- KIND NAME`: the skeleton of a plug-in. One folder with the plug-in and its test, one line in its room's list. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

interface Kind {
  /** The room's folder of plug-ins, and the file with its list. */
  readonly folder: string
  readonly list: string
  readonly part: string
  readonly imports: string
  readonly context: string
  readonly body: string
}

const kinds: Readonly<Record<string, Kind>> = {
  sink: {
    folder: 'deliver',
    list: 'deliver/index.ts',
    part: 'Sink',
    imports:
      "import type { Sink } from '../../contract/deliver.ts'\nimport type { Plugin } from '../../contract/plugin.ts'\nimport type { SinkContext } from '../context/sink-context.ts'",
    context: 'SinkContext',
    body: "    async send(notifications) {\n      return notifications.map(() => ({ park: 'this sink sends nothing yet' }))\n    },",
  },
  collector: {
    folder: 'collect',
    list: 'collect/index.ts',
    part: 'Collector',
    imports:
      "import type { Plugin } from '../../contract/plugin.ts'\nimport type { Collector } from '../../contract/record.ts'\nimport type { CollectorContext } from '../context/collector-context.ts'",
    context: 'CollectorContext',
    body: '    async *read() {},\n    lag: () => [],',
  },
  detector: {
    folder: 'detect',
    list: 'detect/index.ts',
    part: 'Detector',
    imports:
      "import type { Detector } from '../../contract/detect.ts'\nimport type { Given, Plugin } from '../../contract/plugin.ts'",
    context: 'Given',
    body: '    score: () => [],\n    learn: () => undefined,\n    changes: () => [],\n    restore: () => undefined,\n    keys: () => ({ held: 0, cap: 0, evicted: 0 }),',
  },
  action: {
    folder: 'respond/actions',
    list: 'respond/index.ts',
    part: 'Action',
    imports:
      "import type { Plugin } from '../../../contract/plugin.ts'\nimport type { Action } from '../../../contract/respond.ts'\nimport type { ActionContext } from '../context.ts'",
    context: 'ActionContext',
    body: "    plan: () => Promise.reject(new Error('this action plans nothing yet')),\n    apply: () => Promise.reject(new Error('this action does nothing yet')),\n    verify: () => Promise.resolve({ state: 'unknown', detail: 'nothing to look at yet' }),\n    undo: () => Promise.resolve({ state: 'drifted', detail: 'nothing was done' }),",
  },
  check: {
    folder: 'inspect',
    list: 'inspect/index.ts',
    part: 'Check',
    imports:
      "import type { Check } from '../../contract/inspect.ts'\nimport type { Given, Plugin } from '../../contract/plugin.ts'",
    context: 'Given',
    body: '    controls: [],\n    inspect: () => Promise.resolve([]),',
  },
}

const [kindName = '', name = ''] = process.argv.slice(2)
const kind = kinds[kindName]
if (!kind || !/^[a-z][a-z0-9-]*$/.test(name)) {
  console.error(`usage: npm run new -- ${Object.keys(kinds).join('|')} NAME   (NAME in kebab case)`)
  process.exitCode = 2
} else write(kind, name)

function write(made: Kind, plugin: string): void {
  const root = resolve(import.meta.dirname, '..')
  const identifier = plugin.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
  const source = join(root, 'src', made.folder, plugin, `${plugin}.ts`)
  const test = join(root, 'test', made.folder, `${plugin}.test.ts`)
  if (existsSync(source)) throw new Error(`${source} is already there`)
  put(source, sourceOf(made, plugin, identifier))
  put(test, testOf(made, plugin, identifier))
  enlist(join(root, 'src', made.list), made, plugin, identifier)
  console.log(`wrote ${source}\nwrote ${test}\nadded a line to src/${made.list}`)
}

function sourceOf(made: Kind, plugin: string, identifier: string): string {
  return `import { z } from 'zod'
${made.imports}

const Config = z.strictObject({})

/** What ${plugin} promises, in one sentence. */
export const ${identifier}: Plugin<${made.part}, z.output<typeof Config>, ${made.context}> = {
  kind: '${plugin}',
  summary: '',
  needs: [],
  config: Config,
  examples: [{}],
  open: async () => ({
${made.body}
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }),
}
`
}

function testOf(made: Kind, plugin: string, identifier: string): string {
  const up = '../'.repeat(made.folder.split('/').length + 1)
  return `import { expect, test } from 'vitest'
import { ${identifier} } from '${up}src/${made.folder}/${plugin}/${plugin}.ts'

test('every example is a config', () => {
  for (const example of ${identifier}.examples) expect(${identifier}.config.safeParse(example).success).toBe(true)
})
`
}

/** The list is an array literal at the end of the file; the new import goes after the last import. */
function enlist(list: string, made: Kind, plugin: string, identifier: string): void {
  const text = readFileSync(list, 'utf8')
  const below = made.folder === dirname(made.list) ? '.' : './actions'
  const withImport = text.replace(
    /((?:^import .*\n)+)/m,
    `$1import { ${identifier} } from '${below}/${plugin}/${plugin}.ts'\n`,
  )
  const end = withImport.lastIndexOf(']')
  const before = withImport.slice(0, end).replace(/,?\s*$/, '')
  writeFileSync(list, `${before}, ${identifier}${withImport.slice(end)}`)
}

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
