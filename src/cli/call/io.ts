import type { Io } from './verb.ts'

/** The real standard streams. */
export function openIo(asJson: boolean, out = process.stdout, err = process.stderr): Io & { finish(): void } {
  const startedAt = performance.now()
  let shown = ''
  let shownAt = 0
  function clear(): void {
    if (shown) err.write(`\r${' '.repeat(shown.length)}\r`)
    shown = ''
  }
  return {
    asJson,
    colour: !asJson && out.isTTY && !process.env['NO_COLOR'],
    line(text = '') {
      clear()
      out.write(`${text}\n`)
    },
    json(value) {
      clear()
      out.write(`${JSON.stringify(value)}\n`)
    },
    message(text) {
      clear()
      err.write(`${text}\n`)
    },
    progress(text) {
      const now = performance.now()
      if (!err.isTTY || now - startedAt < 2_000 || now - shownAt < 100) return
      clear()
      shown = text.slice(0, (err.columns || 80) - 1)
      shownAt = now
      err.write(shown)
    },
    finish: clear,
  }
}

const COLOURS = { red: 31, yellow: 33, green: 32, blue: 34, grey: 90, bold: 1 } as const

/** The text in a colour where colour is wanted. Control characters are shown as escapes, so that no log can steer a terminal. */
export function paint(io: Io, colour: keyof typeof COLOURS, text: string): string {
  const safe = printable(text)
  return io.colour ? `\u001b[${COLOURS[colour]}m${safe}\u001b[0m` : safe
}

/** Text from outside, safe on a terminal: control characters and direction marks as \u escapes. */
export function printable(text: string): string {
  return text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Rows in columns, as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length)
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
