import { type Html, type Insert, html } from './html.ts'

/** Names and values as a description list; a value that is undefined or false leaves its name out. */
export function factList(facts: readonly (readonly [name: string, value: Insert])[]): Html {
  return html`<dl class="facts">
    ${facts
      .filter(([, value]) => value !== undefined && value !== false)
      .map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd> `,
      )}
  </dl>`
}

export function mono(text: string): Html {
  return html`<span class="mono">${text}</span>`
}
