/** Text that is HTML already. Only the tag `html` makes it. */
export class Html {
  readonly #text: string
  private constructor(text: string) {
    this.#text = text
  }
  toString(): string {
    return this.#text
  }

  /** Fixed parts as they are; everything between them escaped, unless it is Html itself. */
  static of(fixed: readonly string[], values: readonly Insert[]): Html {
    let text = fixed[0] ?? ''
    for (const [index, value] of values.entries()) text += rendered(value) + (fixed[index + 1] ?? '')
    return new Html(text)
  }
}

/** What may stand in a template: lists are joined; undefined, null and false leave nothing. */
export type Insert = Html | string | number | boolean | null | undefined | readonly Insert[]

/** A template whose values are escaped for text and for attributes in double quotes: the only way markup is made here. */
export function html(fixed: TemplateStringsArray, ...values: readonly Insert[]): Html {
  return Html.of(fixed, values)
}

function rendered(value: Insert): string {
  if (value instanceof Html) return value.toString()
  if (value === undefined || value === null || value === false) return ''
  if (typeof value === 'object') return value.map(rendered).join('')
  return escaped(String(value))
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Control characters and those that turn the direction of writing would let a log line pretend; they are shown as what they are. */
function escaped(text: string): string {
  return text
    .replace(/[&<>"']/g, (mark) => ENTITIES[mark] ?? '')
    .replace(
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
      (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
}
