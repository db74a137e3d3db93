import type { Path } from './syntax.ts'

/** A path as people write it: `detection.selection[0].eventName|contains`; `whole` where it is the document itself. */
export function partOf(path: Path, whole = 'rule'): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
  return text === '' ? whole : text.replace(/^\./, '')
}
