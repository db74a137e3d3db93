import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

interface Report {
  readonly numFailedTests: number
  readonly testResults: readonly { readonly name: string }[]
}

const repository = resolve(import.meta.dirname, '../..')

/** What the skeletons and their tests rest on. */
const needed = [
  'src',
  'scripts',
  'test/support',
  'test/detect',
  'test/deliver/alerts.ts',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
  '.oxlintrc.json',
  '.oxfmtrc.json',
]

/** One name is so long that lines have to wrap. */
const kinds = [
  { kind: 'sink', folder: 'deliver', list: 'src/deliver/index.ts', name: 'made-up-chat' },
  { kind: 'collector', folder: 'collect', list: 'src/collect/index.ts', name: 'made-up-stream' },
  { kind: 'detector', folder: 'detect', list: 'src/detect/index.ts', name: 'made-up' },
  { kind: 'action', folder: 'respond/actions', list: 'src/respond/index.ts', name: 'made-up-switch' },
  { kind: 'check', folder: 'inspect', list: 'src/inspect/index.ts', name: 'made-up-policy-of-every-model-store' },
]

describe('npm run new', () => {
  let root: string

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'modelward-new-'))
    for (const path of needed) cpSync(join(repository, path), join(root, path), { recursive: true })
    symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'))
    git('init', '-q')
    writeFileSync(join(root, '.git/info/exclude'), 'node_modules\n.vitest\n')
    commit()
  })
  afterAll(() => rmSync(root, { recursive: true }))

  test.each(kinds)(
    '$kind: writes one folder and its test, and adds one entry to the list',
    ({ kind, folder, list, name }) => {
      const before = readFileSync(join(root, list), 'utf8')
      expect(make(kind, name)).toMatchObject({ status: 0, stderr: '' })
      expect(git('status', '--porcelain', '--untracked-files=all').split('\n').toSorted()).toEqual([
        ` M ${list}`,
        `?? src/${folder}/${name}/${name}.ts`,
        `?? test/${folder}/${name}/${name}.test.ts`,
      ])
      expect(git('diff', '--stat')).toContain('1 file changed')
      const identifier = name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())
      const after = readFileSync(join(root, list), 'utf8')
      const added = after.split('\n').filter((line) => line.startsWith(`import { ${identifier} } from './`))
      expect(added).toHaveLength(1)
      expect(entriesOf(after)).toEqual([...entriesOf(before), identifier])
      expect(headOf(after.replace(`${added[0]}\n`, ''))).toBe(headOf(before))
      commit()
    },
  )

  test('all of it passes the compiler, the linter, the formatter and its own tests, without an edit', () => {
    const files = kinds.flatMap(({ folder, list, name }) => [list, `src/${folder}/${name}`, `test/${folder}/${name}`])
    const tests = kinds.map(({ folder, name }) => `test/${folder}/${name}/`)
    expect(tool('typescript/bin/tsc', '--noEmit').out).toBe('')
    expect(tool('oxfmt/bin/oxfmt', '--check', ...files)).toMatchObject({ status: 0 })
    const lint = tool('oxlint/bin/oxlint', '--type-aware', '--deny-warnings', ...files)
    expect(lint.status, lint.out).toBe(0)
    const conformance = 'test/detect/detectors.test.ts'
    const ran = tool(
      'vitest/vitest.mjs',
      'run',
      '--project=unit',
      '--outputFile.json=report.json',
      '--reporter=json',
      ...tests,
      conformance,
    )
    const report = JSON.parse(readFileSync(join(root, 'report.json'), 'utf8')) as Report
    rmSync(join(root, 'report.json'))
    expect(report.numFailedTests, ran.out).toBe(0)
    expect(report.testResults.map(({ name }) => relative(root, name)).toSorted()).toEqual(
      [...kinds.map(({ folder, name }) => `test/${folder}/${name}/${name}.test.ts`), conformance].toSorted(),
    )
  }, 120_000)

  test('says how it is used when it is used wrongly, and writes nothing', () => {
    for (const args of [
      [],
      ['sink'],
      ['oven', 'teams'],
      ['sink', 'Teams'],
      ['sink', 'a', 'b'],
      ['sink', 'a', '--loud'],
    ])
      expect(make(...args), args.join(' ')).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('usage:') as string,
      })
    expect(git('status', '--porcelain')).toBe('')
  })

  test.each([
    ['webhook', /already there/],
    ['delete', /word of the language/],
    ['sinks', /already uses the name/],
    ['outcomes', /already uses the name/],
  ])('refuses a sink called %s, and writes nothing', (name, problem) => {
    const { status, stderr } = make('sink', name)
    expect(status).toBe(1)
    expect(stderr).toMatch(problem)
    expect(git('status', '--porcelain')).toBe('')
  })

  function make(...args: readonly string[]): { status: number | null; stderr: string } {
    const script = join(repository, 'scripts/new.ts')
    const { status, stderr } = spawnSync(process.execPath, [script, ...args, '--root', root], { encoding: 'utf8' })
    return { status, stderr }
  }

  function tool(path: string, ...args: readonly string[]): { status: number | null; out: string } {
    const program = [join(repository, 'node_modules', path), ...args]
    const { status, stdout, stderr } = spawnSync(process.execPath, program, { cwd: root, encoding: 'utf8' })
    return { status, out: stdout + (status === 0 ? '' : stderr) }
  }

  function git(...args: readonly string[]): string {
    const settings = ['-c', 'user.name=test', '-c', 'user.email=test@example.org', '-c', 'core.excludesFile=']
    return execFileSync('git', [...settings, ...args], { cwd: root, encoding: 'utf8' }).trimEnd()
  }

  function commit(): void {
    git('add', '--all')
    git('commit', '-q', '-m', 'before')
  }
})

/** What stands in the array at the end of a list. */
function entriesOf(text: string): readonly string[] {
  const array = /= \[([^\]]*)\]\s*$/.exec(text)?.[1] ?? ''
  return array
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}

/** Everything before that array. */
function headOf(text: string): string {
  return text.slice(0, text.lastIndexOf('= ['))
}
