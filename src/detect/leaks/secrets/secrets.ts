import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Detector, DetectorContext, DetectorPlugin } from '../../../contract/detect.ts'
import { RefusedError } from '../../../runtime/errors.ts'
import { LEAK_NUMBERS, LeakDetector, LeakReader } from '../leak-detector.ts'
import { MOST_SHOWN } from '../mask.ts'
import { SecretFinder } from './finder.ts'
import { readGitleaks, type SecretPack } from './gitleaks.ts'
import { ownPack } from './own-pack.ts'

const Config = z.strictObject({
  /** Principals whose secrets are remembered; about 0.3 KB each, and only for those that had any. */
  maxKeys: z.int().min(1).default(50_000),
  /** Characters of a prompt or output that are looked at. */
  maxChars: z.int().min(1_000).max(16_777_216).default(1_048_576),
  /** Last characters of a secret that a score may show. */
  shown: z.int().min(0).max(MOST_SHOWN).default(2),
  /** Which texts are looked at. */
  directions: z
    .array(z.enum(['prompt', 'output']))
    .min(1)
    .default(['prompt', 'output']),
  /** Files in gitleaks' TOML format, besides the pack that ships with modelward. */
  packs: z.array(z.string().min(1)).max(20).default([]),
  /** Whether the pack that ships with modelward is used. */
  ownPack: z.boolean().default(true),
})
export type SecretsConfig = z.infer<typeof Config>
type Config = SecretsConfig

/**
 * Finds credentials in prompts and outputs: keys of AI services and clouds, private keys, tokens, connection strings,
 * named values of high entropy (control IN-5; ATLAS AML.T0057 LLM Data Leakage, AML.T0055 Unsecured Credentials). Patterns
 * are RE2 and linear in the text; each looks at 65,536 characters of one text around its keywords at most, and texts with more
 * are counted as `too_many_candidates`. CPU for 1,000 characters: 1 µs without a keyword, 3 µs on average over 25,069
 * public prompts, 33 µs there with gitleaks' own 222 rules.
 */
export const secrets: DetectorPlugin<Config> = {
  kind: 'secrets',
  summary: 'Credentials in prompts and outputs, by patterns, keywords and entropy (IN-5, AML.T0057)',
  needs: [],
  config: Config,
  examples: [{}, { directions: ['output'], shown: 4 }, { packs: ['/etc/modelward/gitleaks.toml'], ownPack: false }],
  open: async (config: Config, context: DetectorContext): Promise<Detector> => {
    const packs = await openPacks(config.packs, config.ownPack)
    return new LeakDetector(
      { ...config, finder: new SecretFinder(packs), noun: (rule) => rule.replaceAll('-', ' '), isCertain: () => false },
      context,
    )
  },
  reader: {
    width: LEAK_NUMBERS,
    open: async (config) =>
      new LeakReader({ ...config, finder: new SecretFinder(await openPacks(config.packs, config.ownPack)) }),
  },
}

/** The packs at `paths`, and our own if asked for. Throws a ConfigError or RefusedError that names the file. */
export async function openPacks(paths: readonly string[], withOwn: boolean): Promise<SecretPack[]> {
  const packs: SecretPack[] = withOwn ? [ownPack] : []
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch((cause: unknown) => {
      throw new RefusedError(`the secret pack ${path} cannot be read`, { cause })
    })
    packs.push(readGitleaks(text, path))
  }
  if (packs.length === 0) throw new RefusedError('there is no pattern for secrets: name a pack or keep our own')
  return packs
}
