import type { CountryCode } from 'libphonenumber-js/max'
import type { Findings, Leak, LeakFinder } from '../leak.ts'
import { emails, ip6, urls, type Place } from './addresses.ts'
import { ibans } from './iban.ts'
import { lettered, NATIONAL_KINDS, nationalKindOf } from './national-ids.ts'
import { isCard, isPublicIp4, isSsn, type NumberRun } from './numbers.ts'
import { BEHIND, isPhone, mayBePhone } from './phones.ts'

/** Kinds of personal data, those that say most about their text first: where two overlap, the first wins. */
export const PII_KINDS: readonly string[] = ['iban', 'card', 'us-ssn', ...NATIONAL_KINDS, 'email', 'ip', 'phone', 'url']

/** Runs of digits that are looked at in one text, at some 2 µs each. */
const MOST_RUNS = 20_000
/** And those of them that are compared with the ways of writing phone numbers, at up to 300 µs each. */
const MOST_PHONES = 300
const NEAR_BEFORE = 48
const NEAR_BEHIND = 16
/** Four digits or more with at most two separators between: a digit ends each try, so it is linear in the text. */
const RUN = /(?<![\w.+/$€£#%-]|\d,)(?:\+|\()?\+?\(?\d(?:[ .()/-]{0,2}\d){3,}/g
/** What each of them begins with or holds; begins with a digit, so that texts without are seen through quickly. */
const FOUR_DIGITS = /\d(?:[ .()/-]{0,2}\d){3}/
/** A run that begins behind digits which could not be its beginning (`$5386 7344 …`). */
const INSIDE = /\d[ .()/-]{1,2}$/
/** What follows in groups is the rest of an IBAN that is wrong. */
const IBAN_BEGINS = /(?<!\w)[A-Z]{2}\d\d $/
const EXTENSION = /^\s?(?:x|ext\.?)\s?\d{1,6}/i

/** Personal data that has a form and mostly a checksum. Names and addresses of people need a model and are not looked for. */
export class PiiFinder implements LeakFinder {
  readonly rules: readonly string[]
  readonly #regions: readonly CountryCode[]
  readonly #wantsUrls: boolean

  constructor(kinds: readonly string[], regions: readonly CountryCode[]) {
    this.rules = PII_KINDS.filter((kind) => kinds.includes(kind))
    this.#regions = regions
    this.#wantsUrls = kinds.includes('url')
  }

  find(text: string): Findings {
    const leaks: Leak[] = []
    const add = (rule: string, { start, text: secret }: Place): void => {
      if (this.rules.includes(rule)) leaks.push({ rule, start, end: start + secret.length, secret })
    }
    if (text.includes('@')) for (const place of emails(text)) add('email', place)
    if (this.#wantsUrls && text.includes('://')) for (const place of urls(text)) add('url', place)
    let unread = 0
    if (/\d\D{0,3}\d/.test(text)) {
      for (const place of ibans(text)) add('iban', place)
      for (const place of ip6(text)) add('ip', place)
      for (const { kind, ...place } of lettered(text)) add(kind, place)
      if (FOUR_DIGITS.test(text)) unread = this.#numbers(text, add)
    }
    return { leaks: leaks.length > 1 ? withoutOverlaps(leaks) : leaks, unread }
  }

  /** Answers with the characters that were not looked at. */
  #numbers(text: string, add: (rule: string, place: Place) => void): number {
    let [runs, phones, unread] = [0, 0, 0]
    for (const match of text.matchAll(RUN)) {
      if (++runs > MOST_RUNS) return unread + text.length - match.index
      const run = runOf(match[0], match.index)
      const next = text.slice(run.end, run.end + 24)
      const extension = EXTENSION.exec(next)?.[0] ?? ''
      if (/^(?:\w|-\w|[.,]\d)/.test(next) && extension === '' && !BEHIND.test(next)) continue
      const before = text.slice(Math.max(0, run.start - NEAR_BEFORE), run.start)
      const behind = text.slice(run.end + extension.length, run.end + extension.length + NEAR_BEHIND)
      if (IBAN_BEGINS.test(before)) continue
      const isInside = INSIDE.test(before)
      let kind = this.#kindOf(run, isInside ? '' : before + behind)
      if (kind === undefined && !isInside && this.rules.includes('phone') && mayBePhone(run)) {
        if (++phones > MOST_PHONES) unread += run.text.length
        else if (isPhone(run, before, behind, this.#regions)) kind = 'phone'
      }
      if (kind === 'phone') add(kind, { start: run.start, text: run.text + extension })
      else if (kind !== undefined && extension === '') add(kind, run)
    }
    return unread
  }

  #kindOf(run: NumberRun, around: string): string | undefined {
    if (run.text.startsWith('+')) return undefined
    if (isCard(run, around)) return 'card'
    if (isPublicIp4(run.text)) return 'ip'
    if (isSsn(run, around)) return 'us-ssn'
    return nationalKindOf(run, around)
  }
}

function runOf(written: string, from: number): NumberRun {
  // A bracket that closes behind the run belongs to the sentence.
  const lead = written.startsWith('(') && !written.includes(')') ? 1 : 0
  const [text, start] = [written.slice(lead), from + lead]
  return { start, end: start + text.length, text, digits: text.replaceAll(/\D/g, '') }
}

function withoutOverlaps(leaks: readonly Leak[]): Leak[] {
  const kept: Leak[] = []
  for (const leak of leaks.toSorted((a, b) => a.start - b.start)) {
    const last = kept.at(-1)
    if (!last || last.end <= leak.start) kept.push(leak)
    else if (PII_KINDS.indexOf(leak.rule) < PII_KINDS.indexOf(last.rule)) kept[kept.length - 1] = leak
  }
  return kept
}
