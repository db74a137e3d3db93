#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { ConfigError, ModelwardError, UsageError, reasonOf } from '../runtime/errors.ts'
import { openIo } from './call/io.ts'
import type { Options, Verb } from './call/verb.ts'
import { verbs } from './verbs.ts'

const COMMON: Options = {
  config: { type: 'string', short: 'c' },
  data: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
}

/** Runs one command line and answers with its exit code. */
export async function main(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const io = openIo(argv.includes('--json'))
  try {
    const found = findVerb(argv)
    if (!found) return overview(argv, io)
    const { verb, rest } = found
    const { values, positionals } = parseFlags(verb, rest)
    if (values['help']) {
      io.line(helpOf(verb))
      return 0
    }
    return await verb.run({ words: positionals, flags: values, io, signal })
  } catch (error) {
    return report(error, (text) => io.message(text))
  } finally {
    io.finish()
  }
}

function findVerb(argv: readonly string[]): { verb: Verb; rest: readonly string[] } | undefined {
  const [first = '', second = ''] = argv
  const byTwo = verbs.find((verb) => verb.name === `${first} ${second}`)
  if (byTwo) return { verb: byTwo, rest: argv.slice(2) }
  const byOne = verbs.find((verb) => verb.name === first)
  return byOne && { verb: byOne, rest: argv.slice(1) }
}

function parseFlags(verb: Verb, rest: readonly string[]): ReturnType<typeof parseArgs> {
  try {
    return parseArgs({ args: [...rest], options: { ...COMMON, ...verb.options }, allowPositionals: true, strict: true })
  } catch (cause) {
    throw new UsageError(`${reasonOf(cause)}\nusage: modelward ${verb.name} ${verb.usage}`, { cause })
  }
}

/** All verbs, or those that begin with the word asked for (`modelward rules`). */
function overview(argv: readonly string[], io: { line(text?: string): void; message(text: string): void }): number {
  const [word = 'help', second = 'help'] = argv
  const group = verbs.filter((verb) => verb.name.startsWith(`${word} `))
  const lines = ['usage: modelward VERB [-c FILE] [--data DIR] [--json] …', '']
  for (const verb of group.length > 0 ? group : verbs) lines.push(`  ${verb.name.padEnd(22)} ${verb.summary}`)
  lines.push('', 'modelward VERB --help shows a verb with examples.')
  if (isHelp(group.length > 0 ? second : word)) {
    io.line(lines.join('\n'))
    return 0
  }
  const unknown = group.length > 0 ? `${word} ${second}` : word
  io.message(`modelward: there is no verb "${unknown}"\n\n${lines.join('\n')}`)
  return 2
}

function isHelp(word: string): boolean {
  return ['help', '--help', '-h'].includes(word)
}

function helpOf(verb: Verb): string {
  const flags = Object.entries({ ...verb.options, ...COMMON }).map(
    ([name, option]) => `--${name}${option.short ? `, -${option.short}` : ''}${option.type === 'string' ? ' …' : ''}`,
  )
  return [
    `modelward ${verb.name} ${verb.usage}`,
    '',
    `  ${verb.summary}`,
    '',
    `flags: ${flags.join('  ')}`,
    '',
    'examples:',
    ...verb.examples.map((example) => `  ${example}`),
  ].join('\n')
}

function report(error: unknown, message: (text: string) => void): number {
  if (error instanceof ConfigError) {
    message(error.message)
    return 1
  }
  if (error instanceof ModelwardError) {
    message(`modelward: ${reasonOf(error)} [${error.code}]`)
    return error instanceof UsageError ? 2 : 3
  }
  message(`modelward: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  return 3
}

/** The process as a person or systemd started it: the first signal stops in order, the second at once. */
export function runProcess(): void {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(130)
      stop.abort(new Error(name))
    })
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 3))
  void main(process.argv.slice(2), stop.signal).then((code) => {
    process.exitCode = code
  })
}

if (import.meta.main) runProcess()
