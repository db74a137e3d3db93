import { loadConfig } from '../../app/config/load.ts'
import { MOST_FILE_BYTES, scanFiles, type Match } from '../../app/scan.ts'
import { UsageError } from '../../runtime/errors.ts'
import { printable } from '../call/io.ts'
import { textFlag, textFlags, type Verb } from '../call/verb.ts'

/** `scan PATH…`: secrets, personal data and canaries in files. */
export const scan: Verb = {
  name: 'scan',
  summary:
    'secrets, personal data and canaries in files, by the packs that watch prompts and outputs; 1 when there are any',
  usage: 'PATH… [--pack GITLEAKS.toml]… [--reveal]',
  examples: [
    'modelward scan ./prompts ./finetuning.jsonl.gz',
    'modelward scan . --pack gitleaks.toml --json',
    'modelward scan export/ --config modelward.yaml',
  ],
  options: { pack: { type: 'string', multiple: true }, reveal: { type: 'boolean' } },
  async run(call) {
    const { io, words } = call
    if (words.length === 0) throw new UsageError('modelward scan PATH…: which files or folders?')
    const reveal = call.flags['reveal'] === true
    const file = textFlag(call, 'config')
    const started = performance.now()
    const { files, bytes, matches, skipped } = await scanFiles(
      {
        paths: words,
        packs: textFlags(call, 'pack'),
        config: file === undefined ? undefined : loadConfig(file),
        match: (match) => {
          if (io.asJson) io.json(lineOf(match, reveal))
          else io.line(printable(sentence(match, reveal)))
        },
        progress: (text) => io.progress(text),
      },
      call.signal,
    )
    const seconds = Math.round(performance.now() - started) / 1_000
    if (io.asJson) io.json({ kind: 'summary', files, bytes, matches, skipped, seconds })
    else {
      const passed = [
        `${skipped.binary} binary`,
        `${skipped.too_large} over ${MOST_FILE_BYTES / 1_048_576} MiB`,
        `${skipped.unreadable} unreadable`,
        `${skipped.not_a_file} links and devices`,
      ]
      io.line(`${files} files, ${bytes} bytes: ${matches} matches. Passed over: ${passed.join(', ')}.`)
    }
    return matches > 0 ? 1 : 0
  },
}

function lineOf(match: Match, reveal: boolean): Readonly<Record<string, unknown>> {
  const { family, rule, file, line, length, tail, fingerprint, secret } = match
  return { kind: 'match', rule, file, line, family, length, tail, fingerprint, ...(reveal ? { secret } : {}) }
}

function sentence({ rule, file, line, length, tail, secret }: Match, reveal: boolean): string {
  const end = tail === '' ? '' : ` ending in ${tail}`
  return `${file}:${line}: ${rule}: ${reveal ? secret : `${length} characters${end}`}`
}
