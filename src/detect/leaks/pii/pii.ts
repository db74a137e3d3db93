import type { CountryCode } from 'libphonenumber-js/max'
import { z } from 'zod'
import type { Detector, DetectorContext, DetectorPlugin } from '../../../contract/detect.ts'
import type { LeakFinder } from '../leak.ts'
import { LEAK_NUMBERS, LeakDetector, LeakReader } from '../leak-detector.ts'
import { MOST_SHOWN } from '../mask.ts'
import { PII_KINDS, PiiFinder } from './finder.ts'
import { isRegion } from './phones.ts'

/** Where national phone numbers are known in form unless the config names regions: each costs time for each candidate. */
const REGIONS: readonly CountryCode[] = [
  ...(['US', 'CA', 'GB', 'IE', 'AU', 'NZ', 'DE', 'AT', 'CH', 'FR', 'BE', 'NL', 'LU', 'ES', 'PT', 'IT', 'SE'] as const),
  ...(['NO', 'DK', 'FI', 'PL', 'CZ', 'HU', 'GR', 'RO', 'IN', 'SG', 'JP', 'KR', 'BR', 'MX', 'ZA', 'IL', 'AE'] as const),
]

/** What is looked for unless the config says otherwise: URLs are in most answers and name nobody. */
export const PII_DEFAULTS = { kinds: PII_KINDS.filter((kind) => kind !== 'url'), regions: REGIONS } as const

const Config = z.strictObject({
  /** Principals whose data is remembered; about 0.3 KB each, and only for those that had any. */
  maxKeys: z.int().min(1).default(50_000),
  /** Characters of a prompt or output that are looked at. */
  maxChars: z.int().min(1_000).max(16_777_216).default(1_048_576),
  /** Last characters of a value that a score may show. */
  shown: z.int().min(0).max(MOST_SHOWN).default(2),
  /** Which texts are looked at. */
  directions: z
    .array(z.enum(['prompt', 'output']))
    .min(1)
    .default(['prompt', 'output']),
  kinds: z
    .array(z.string().refine((kind) => PII_KINDS.includes(kind), `kinds are ${PII_KINDS.join(', ')}`))
    .min(1)
    .default([...PII_DEFAULTS.kinds]),
  /** ISO 3166 codes of the countries whose way of writing phone numbers is known without + and a country code. */
  regions: z
    .array(z.string().refine(isRegion, 'a country by two capital letters, such as DE'))
    .max(60)
    .default([...REGIONS]),
})
export type PiiConfig = z.infer<typeof Config>
type Config = PiiConfig

/**
 * Finds personal data that has a form, mostly with a checksum: e-mail, payment card, IBAN, US social security number, IP
 * address, phone, URL and twelve national numbers (control IN-5; ATLAS AML.T0057 LLM Data Leakage, AML.T0024). Names and
 * addresses of people need a model and are not looked for. Every pattern is linear in the text; 20,000 runs of digits of one
 * text are looked at, 300 of them as phone numbers, texts with more are counted as `too_many_candidates`. About 5 µs of CPU for 1,000 characters of prose, 50 to 200 µs more
 * for each run of nine digits or more that is grouped like a phone number of somewhere.
 */
export const pii: DetectorPlugin<Config> = {
  kind: 'pii',
  summary: 'Personal data with a form and checksum in prompts and outputs (IN-5, AML.T0057)',
  needs: [],
  config: Config,
  examples: [
    {},
    { kinds: ['card', 'iban', 'us-ssn'], directions: ['output'] },
    { regions: ['DE', 'AT', 'CH'], shown: 0 },
  ],
  open: async (config: Config, context: DetectorContext): Promise<Detector> =>
    new LeakDetector(
      {
        ...config,
        finder: openPii(config),
        noun: (rule) => rule.replaceAll('-', ' '),
        isCertain: () => false,
      },
      context,
    ),
  reader: { width: LEAK_NUMBERS, open: (config) => new LeakReader({ ...config, finder: openPii(config) }) },
}

/** The finder that a config describes. */
export function openPii(config: PiiConfig): LeakFinder {
  return new PiiFinder(config.kinds, config.regions.filter(isRegion))
}
