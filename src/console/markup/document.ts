import { createHash } from 'node:crypto'
import type { OutgoingHttpHeaders } from 'node:http'
import type { Answer } from '../http/answer.ts'
import { type Html, html } from './html.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'

export interface Document {
  readonly title: string
  readonly status?: number
  readonly headers?: OutgoingHttpHeaders
  /** Seconds after which the page loads itself anew. */
  readonly refreshSeconds?: number
  /** Seconds and path of a page that only leads on to another one. */
  readonly onward?: string
  readonly body: Html
}

const ICON = '/icon.svg'

/** Byte for byte what the hashes are made of; a formatter that indents templates would break them. */
const STYLE_ELEMENT = own(`<style>${STYLE}</style>`)
const SCRIPT_ELEMENT = own(`<script>${SCRIPT}</script>`)

/** Only our own style and script run, known by their hashes; forms go nowhere else; nothing is loaded but the icon. */
const POLICY = [
  "default-src 'none'",
  `style-src '${hashOf(STYLE)}'`,
  `script-src '${hashOf(SCRIPT)}'`,
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** A whole page. */
export function documentOf(page: Document): Answer {
  const { title, status = 200, headers = {}, refreshSeconds, onward, body } = page
  const markup = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <title>${title} · modelward</title>
        <link rel="icon" href="${ICON}" type="image/svg+xml" />
        ${onward !== undefined && html`<meta http-equiv="refresh" content="0;url=${onward}" />`}
        ${refreshSeconds !== undefined && html`<noscript><meta http-equiv="refresh" content="${refreshSeconds}" /></noscript>`}
        ${STYLE_ELEMENT}
      </head>
      <body data-refresh="${refreshSeconds ?? 0}">
        ${body} ${SCRIPT_ELEMENT}
      </body>
    </html> `
  return {
    status,
    body: markup.toString(),
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY, ...headers },
  }
}

export function iconAnswer(): Answer {
  const mark = html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
    <path d="M8 1 2 3.2v4.3C2 11.3 4.6 14 8 15c3.4-1 6-3.7 6-7.5V3.2z" fill="#0b57a4" />
    <path d="M5 8.2 7.2 10.4 11.2 5.8" fill="none" stroke="#fff" stroke-width="1.6" />
  </svg>`
  return {
    status: 200,
    body: mark.toString(),
    headers: { 'content-type': 'image/svg+xml', 'cache-control': 'max-age=86400' },
  }
}

function hashOf(constant: string): string {
  return `sha256-${createHash('sha256').update(constant, 'utf8').digest('base64')}`
}

/** Our own constants are markup as they stand. */
function own(markup: `<${'style' | 'script'}>${string}`): Html {
  return html(Object.assign([markup], { raw: [markup] }))
}
