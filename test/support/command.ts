import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'

const main = join(resolve(import.meta.dirname, '../..'), 'src/cli/main.ts')

export interface Answer {
  readonly code: number | null
  readonly out: string
  readonly err: string
  /** Standard output as JSON lines. */
  readonly lines: readonly Readonly<Record<string, unknown>>[]
}

/** Runs `modelward …` as a person would and waits for it. */
export function modelward(
  args: readonly string[],
  options: { readonly cwd?: string; readonly input?: string } = {},
): Promise<Answer> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // A verb that should have ended and did not leaves no process behind.
      timeout: 60_000,
      killSignal: 'SIGKILL',
      ...(options.cwd ? { cwd: options.cwd } : {}),
    })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    child.stdin.end(options.input ?? '')
    child.on('close', (code) => {
      const lines = args.includes('--json')
        ? out
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line) as Record<string, unknown>)
        : []
      done({ code, out, err, lines })
    })
  })
}
