import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { functionsOf } from './support/functions.ts'

const src = join(import.meta.dirname, '../src')
const files = filesIn(src)

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
}

/** Who may import whom. Type-only imports count. A room may always import itself, contract and runtime. */
const hallways: Record<string, (room: string) => boolean> = {
  contract: (room) => room === 'contract',
  runtime: (room) => ['contract', 'runtime'].includes(room),
  app: () => true,
  cli: (room) => ['app', 'contract', 'runtime', 'cli'].includes(room),
}

function mayImport(from: string, to: string): boolean {
  const rule = hallways[from]
  if (rule) return rule(to) && !(from === 'app' && to === 'cli')
  return [from, 'contract', 'runtime'].includes(to)
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8')
  const found = text.matchAll(/(?:from\s+|import\s*\(?\s*)['"](\.{1,2}\/[^'"]+)['"]/g)
  return [...found].map((match) => normalize(join(dirname(file), match[1] ?? '')))
}

function folderOf(file: string): string {
  return dirname(file)
}

describe('the house', () => {
  test('no room reaches through a wall', () => {
    const broken = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => !mayImport(file.split('/')[0] ?? '', target.split('/')[0] ?? ''))
        .map((target) => `${file} imports ${target}`),
    )
    expect(broken).toEqual([])
  })

  test('contract imports nothing but the type of a schema', () => {
    const foreign = files
      .filter((file) => file.startsWith('contract/'))
      .flatMap((file) =>
        [...readFileSync(join(src, file), 'utf8').matchAll(/^import .*from '([^.][^']*)'/gm)].map((match) => match[0]),
      )
    expect(foreign).toEqual(["import type { ZodType } from 'zod'"])
  })

  test('folders import each other one way only', () => {
    const edges = new Map<string, Set<string>>()
    for (const file of files)
      for (const target of importsOf(file)) {
        const [from, to] = [folderOf(file), folderOf(target)]
        if (from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to))
      }
    expect(cyclesOf(edges)).toEqual([])
  })

  test('no file is longer than 400 lines, of tests neither', () => {
    const tests = import.meta.dirname
    const paths = [...files.map((file) => join(src, file)), ...filesIn(tests).map((file) => join(tests, file))]
    expect(paths.length).toBeGreaterThan(files.length + 100)
    const long = paths.filter((path) => readFileSync(path, 'utf8').split('\n').length > 401)
    expect(long.map((path) => relative(src, path))).toEqual([])
  })

  test('no function is longer than 60 lines', () => {
    const long = files.flatMap((file) =>
      functionsOf(readFileSync(join(src, file), 'utf8'))
        .filter((found) => found.lines > 60)
        .map((found) => `${file}: ${found.name} has ${found.lines} lines`),
    )
    expect(long).toEqual([])
  })

  test('files are named in kebab case and never after nothing', () => {
    const vague = /(^|[/-])(utils?|helpers?|common|misc|lib|core|base|manager|service|data|info)\.ts$/
    expect(files.filter((file) => vague.test(file) || !/^[a-z0-9-/]+\.ts$/.test(file))).toEqual([])
  })

  test('the walls can be seen to break', () => {
    expect(mayImport('detect', 'rules')).toBe(false)
    expect(mayImport('runtime', 'store')).toBe(false)
    expect(mayImport('cli', 'store')).toBe(false)
    expect(mayImport('app', 'store')).toBe(true)
    expect(
      cyclesOf(
        new Map([
          ['a', new Set(['b'])],
          ['b', new Set(['a'])],
        ]),
      ),
    ).toHaveLength(1)
    expect(relative('/a', '/a/b')).toBe('b')
  })
})

function cyclesOf(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const cycles: string[] = []
  const done = new Set<string>()
  const visit = (at: string, path: readonly string[]): void => {
    if (path.includes(at)) {
      cycles.push([...path.slice(path.indexOf(at)), at].join(' -> '))
      return
    }
    if (done.has(at)) return
    for (const next of edges.get(at) ?? []) visit(next, [...path, at])
    done.add(at)
  }
  for (const start of edges.keys()) visit(start, [])
  return cycles
}
