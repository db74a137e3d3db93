/**
 * `npm run new -- KIND NAME [--root DIR]`: the skeleton of a plug-in, made from scripts/skeletons/KIND. One folder with the
 * plug-in, its test, one entry in its room's list. What it writes passes `npm run check` as it is.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'

interface Room {
  /** Where its plug-ins stand, below src and test. */
  readonly folder: string
  /** The file with its list, below src. */
  readonly list: string
}

const rooms: Readonly<Record<string, Room>> = {
  sink: { folder: 'deliver', list: 'deliver/index.ts' },
  collector: { folder: 'collect', list: 'collect/index.ts' },
  detector: { folder: 'detect', list: 'detect/index.ts' },
  action: { folder: 'respond/actions', list: 'respond/index.ts' },
  check: { folder: 'inspect', list: 'inspect/index.ts' },
}

const repository = resolve(import.meta.dirname, '..')
const usage = `usage: npm run new -- ${Object.keys(rooms).join('|')} NAME [--root DIR]   (NAME in kebab case)`

function main(): number {
  const { root, kind, name } = commandLine()
  const room = rooms[kind]
  if (!room || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    console.error(usage)
    return 2
  }
  const skeleton = join(repository, 'scripts/skeletons', kind)
  const list = `src/${room.list}`
  const [source, test] = [`src/${room.folder}/${name}/${name}.ts`, `test/${room.folder}/${name}/${name}.test.ts`]
  // Where the skeleton's own files go; whatever else they import stays where it is.
  const moves = new Map([
    [join(skeleton, 'new-comer.ts'), source],
    [join(skeleton, 'new-comer.test.ts'), test],
  ])
  const problem = whyNot(root, name, [source, test], [join(root, list), ...moves.keys()])
  if (problem !== undefined) {
    console.error(`new: ${problem}`)
    return 1
  }
  for (const [from, to] of moves) put(join(root, to), renamed(moved(readFileSync(from, 'utf8'), from, moves), name))
  writeFileSync(join(root, list), enlisted(readFileSync(join(root, list), 'utf8'), name, list, source))
  format(root, [source, test, list])
  console.log(`wrote ${source}\nwrote ${test}\nadded ${camel(name)} to ${list}`)
  return 0
}

/** An empty kind when it was used wrongly. */
function commandLine(): { root: string; kind: string; name: string } {
  try {
    const { values, positionals } = parseArgs({ options: { root: { type: 'string' } }, allowPositionals: true })
    const [kind = '', name = '', ...more] = positionals
    return { root: resolve(values.root ?? repository), kind: more.length === 0 ? kind : '', name }
  } catch {
    return { root: repository, kind: '', name: '' }
  }
}

/** Why there cannot be a plug-in of this name, or undefined. Its constant must be new to all files that it will be in. */
function whyNot(
  root: string,
  name: string,
  written: readonly string[],
  neighbours: readonly string[],
): string | undefined {
  const there = written.find((file) => existsSync(join(root, file)))
  if (there !== undefined) return `${there} is already there`
  const word = new RegExp(String.raw`\b${camel(name)}\b`)
  if (word.test(RESERVED)) return `${camel(name)} is a word of the language; choose another name`
  const user = neighbours.find((file) => word.test(readFileSync(file, 'utf8')))
  return user && `${relative(root, user)} already uses the name ${camel(name)}; choose another`
}

const RESERVED = `arguments await break case catch class const continue debugger default delete do else enum eval export
  extends false finally for function if implements import in instanceof interface let new null package private protected
  public return static super switch this throw true try typeof undefined var void while with yield`

/** The text with its relative imports as they have to be read from its new place. */
function moved(text: string, from: string, moves: ReadonlyMap<string, string>): string {
  const here = dirname(moves.get(from) ?? '')
  return text.replaceAll(/(?<= from ')(\.[^']+)(?=')/g, (path) => {
    const target = resolve(dirname(from), path)
    return specifier(here, moves.get(target) ?? relative(repository, target))
  })
}

function specifier(folder: string, file: string): string {
  const path = relative(folder, file)
  return path.startsWith('.') ? path : `./${path}`
}

function renamed(text: string, name: string): string {
  const identifier = camel(name)
  return text
    .replaceAll('new-comer', name)
    .replaceAll('newComer', identifier)
    .replaceAll('NewComer', identifier.charAt(0).toUpperCase() + identifier.slice(1))
}

/** The list is the array at the end of the file; the new import goes after the last one. */
function enlisted(text: string, name: string, list: string, source: string): string {
  const line = `import { ${camel(name)} } from '${specifier(dirname(list), source)}'\n`
  const lastImport = text.lastIndexOf('\nimport ') + 1
  const afterImports = text.indexOf('\n', lastImport) + 1
  const end = text.lastIndexOf(']')
  const entries = text.slice(afterImports, end).trimEnd().replace(/,$/, '')
  const comma = entries.endsWith('[') ? '' : ', '
  return `${text.slice(0, afterImports)}${line}${entries.startsWith('\n') ? '' : '\n'}${entries}${comma}${camel(name)}${text.slice(end)}`
}

function camel(name: string): string {
  return name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** A name of another length may wrap lines otherwise. */
function format(root: string, files: readonly string[]): void {
  const oxfmt = join(repository, 'node_modules/oxfmt/bin/oxfmt')
  execFileSync(process.execPath, [oxfmt, ...files], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
}

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text, { flag: 'wx' })
}

process.exitCode = main()
