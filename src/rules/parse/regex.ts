import { RE2JS } from 're2js'
import type { Fault } from './syntax.ts'

/** Compiles for linear-time search. Throws what RE2 throws; call `regexFault` first on a rule's text. */
export function compileRegex(source: string, flags: string): RE2JS {
  const bits =
    (flags.includes('i') ? RE2JS.CASE_INSENSITIVE : 0) |
    (flags.includes('m') ? RE2JS.MULTILINE : 0) |
    (flags.includes('s') ? RE2JS.DOTALL : 0)
  return RE2JS.compile(source, bits)
}

/** Why an expression cannot be run in linear time, or is none at all. */
export function regexFault(source: string, flags: string): Fault | undefined {
  const look = /\(\?<?[=!]|\\[1-9]|\(\?>|\(\?P=|[*+?}]\+/.exec(
    source.replaceAll(/\\\\|\[\^?\]?(?:\\.|[^\]\\])*\]/g, (part) => '_'.repeat(part.length)),
  )
  try {
    compileRegex(source, flags)
    return undefined
  } catch (error) {
    if (look)
      return {
        what: `"${source.slice(look.index, look.index + look[0].length)}" at character ${look.index + 1} cannot be matched in linear time`,
        cure: 'Write it without look-around, back references and possessive repetition, or use `not` in the condition',
      }
    const message = error instanceof Error ? error.message : String(error)
    return { what: `the expression is not valid: ${message}`, cure: 'Use the syntax of RE2' }
  }
}

/** The expression where it must be found: at the text's start, at its end or anywhere. */
export function anchored(source: string, place: 'start' | 'end' | 'inside'): string {
  if (place === 'inside') return source
  return place === 'start' ? String.raw`\A(?:${source})` : String.raw`(?:${source})\z`
}
