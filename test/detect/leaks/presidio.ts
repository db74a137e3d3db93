import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { PII_DEFAULTS } from '../../../src/detect/leaks/pii/pii.ts'
import { PII_KINDS, PiiFinder } from '../../../src/detect/leaks/pii/finder.ts'
import { sharedData } from '../../support/shared-data.ts'

interface Labelled {
  readonly full_text: string
  readonly spans: readonly {
    readonly entity_type: string
    readonly entity_value: string
    readonly start_position: number
    readonly end_position: number
  }[]
}

/** Our kinds, and the labels of presidio-research's synthetic data that mean the same. */
const LABELS = [
  ['email', 'EMAIL_ADDRESS'],
  ['card', 'CREDIT_CARD'],
  ['iban', 'IBAN_CODE'],
  ['us-ssn', 'US_SSN'],
  ['ip', 'IP_ADDRESS'],
  ['phone', 'PHONE_NUMBER'],
  ['url', 'DOMAIN_NAME'],
] as const

export interface KindTally {
  readonly kind: string
  readonly labelled: number
  readonly found: number
  /** Labels met by a finding of the kind, and findings that meet a label of it. */
  readonly met: number
  readonly right: number
  readonly misses: readonly string[]
  readonly extra: readonly string[]
}

/**
 * Findings against labels. A label is met by a finding of its kind with exactly its first and last character;
 * a finding is right when it meets a label so.
 */
export function tallyPresidio(): readonly KindTally[] {
  const texts = JSON.parse(
    gunzipSync(readFileSync(sharedData('pii', 'presidio-synth-v2.json.gz'))).toString(),
  ) as readonly Labelled[]
  const finder = new PiiFinder(PII_KINDS, PII_DEFAULTS.regions)
  const found = texts.map(({ full_text }) => finder.find(full_text).leaks)
  return LABELS.map(([kind, label]) => {
    let [labelled, met, right] = [0, 0, 0]
    const [misses, extra]: [string[], string[]] = [[], []]
    for (const [at, { spans }] of texts.entries()) {
      const wanted = spans.filter(({ entity_type }) => entity_type === label)
      const got = (found[at] ?? []).filter(({ rule }) => rule === kind)
      const isSame = (span: (typeof wanted)[number], leak: (typeof got)[number]): boolean =>
        leak.start === span.start_position && leak.end === span.end_position
      labelled += wanted.length
      for (const span of wanted)
        if (got.some((leak) => isSame(span, leak))) met++
        else misses.push(span.entity_value)
      for (const leak of got)
        if (wanted.some((span) => isSame(span, leak))) right++
        else extra.push(leak.secret)
    }
    return { kind, labelled, found: right + extra.length, met, right, misses, extra }
  })
}
