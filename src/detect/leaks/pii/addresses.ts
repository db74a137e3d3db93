import { isIPv6 } from 'node:net'

/** A place in a text and what stands there. */
export interface Place {
  readonly start: number
  readonly text: string
}

/** RFC 6531, but no quotation marks of any language. */
const LOCAL_PART =
  /[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\u00a1-\u00aa\u00ac-\u00ba\u00bc-\u2017\u2020-\u2038\u203b-\u2fff\u3012-\uffff-]{1,64}$/
const DOMAIN =
  /^(?:[A-Za-z0-9\u00a1-\uffff](?:[A-Za-z0-9\u00a1-\uffff-]{0,61}[A-Za-z0-9\u00a1-\uffff])?\.){1,8}(?:[A-Za-z]{2,24}|xn--[A-Za-z0-9-]{2,59})(?![A-Za-z0-9])/
/** Marks that belong to the sentence, and the name of a value: `email=ada@…`. */
const BEFORE_LOCAL = /^[.'`*/|=?{#!]*(?:[A-Za-z_-]{1,24}=)?[.'`*/|=?{#!]*/
/** RFC 5321: no longer local part or domain. */
const MOST_LOCAL = 64
const MOST_DOMAIN = 255

/** Each e-mail address: an @ with a local part before and a domain name behind it. */
export function* emails(text: string): Generator<Place> {
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const local = LOCAL_PART.exec(text.slice(Math.max(0, at - MOST_LOCAL), at))?.[0].replace(BEFORE_LOCAL, '')
    const domain = DOMAIN.exec(text.slice(at + 1, at + 1 + MOST_DOMAIN))?.[0]
    if (local === undefined || local === '' || local.endsWith('.') || domain === undefined) continue
    yield { start: at - local.length, text: `${local}@${domain}` }
  }
}

const MOST_URL = 2_000
const URL_REST = /^[^\s<>"'`{}|\\^[\]]+/

/** Each URL with a scheme and a domain name (or an address) as its host. */
export function* urls(text: string): Generator<Place> {
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
    const scheme = /(?:https?|ftp|wss?)$/i.exec(text.slice(Math.max(0, at - 5), at))?.[0]
    if (scheme === undefined || !isHost(text.slice(at + 3, at + 3 + MOST_DOMAIN))) continue
    const rest = URL_REST.exec(text.slice(at + 3, at + 3 + MOST_URL))?.[0].replace(/[.,;:!?)]+$/, '') ?? ''
    yield { start: at - scheme.length, text: `${scheme}://${rest}` }
    at += rest.length
  }
}

function isHost(text: string): boolean {
  const host = text.replace(/^[^/@\s]{0,100}@/, '')
  return DOMAIN.test(host) || /^\d{1,3}(?:\.\d{1,3}){3}/.test(host)
}

/** Seen before anything slower looks: it begins with a character that is rare. */
const TWO_COLONS = /:[0-9A-Fa-f]{0,4}:/
const LOOKS_LIKE_IP6 = /(?<![\w:.])(?:[0-9a-f]{1,4}:{1,2}){2,7}(?:[0-9a-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?(?![\w:])/gi

/** Each IPv6 address that is not of this machine or link; needs three groups and a digit, so that `a::b` in code is none. */
export function* ip6(text: string): Generator<Place> {
  if (!TWO_COLONS.test(text)) return
  for (const match of text.matchAll(LOOKS_LIKE_IP6)) {
    const [found] = match
    if (isIPv6(found) && /\d/.test(found) && !/^(?:fe[89ab]|f[cd]|::1$)/i.test(found))
      yield { start: match.index, text: found }
  }
}
