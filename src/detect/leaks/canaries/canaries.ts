import { readFile, stat } from 'node:fs/promises'
import { z } from 'zod'
import type { Detector, DetectorContext, DetectorPlugin } from '../../../contract/detect.ts'
import { KeyedHash } from '../../../runtime/keyed-hash.ts'
import { RefusedError } from '../../../runtime/errors.ts'
import { secretRef } from '../../../runtime/secret.ts'
import { AllOf } from '../all-of.ts'
import type { LeakFinder } from '../leak.ts'
import { LeakDetector } from '../leak-detector.ts'
import { CanaryFinder, LEAST_CANARY, MOST_CANARIES, type Canary } from './canary-finder.ts'
import { CorpusFinder } from './corpus-finder.ts'
import { LEAST_PROMPT, PromptFinder } from './prompt-finder.ts'

const name = z.string().regex(/^[\w.-]{1,64}$/, 'letters, digits, points, dashes and underscores')
const Marked = z.strictObject({
  name,
  /** Where the value is kept: a secret reference. */
  value: secretRef.optional(),
  /** Or a file with one value a line. */
  file: z.string().min(1).optional(),
  /** Whether it is looked for in prompts too: true for honeytokens, false for canaries in a system prompt. */
  prompts: z.boolean().default(false),
})
const Config = z.strictObject({
  /** Principals whose leaks are remembered; about 0.3 KB each, and only for those that had any. */
  maxKeys: z.int().min(1).default(50_000),
  /** Characters of a prompt or output that are looked at. */
  maxChars: z.int().min(1_000).max(16_777_216).default(1_048_576),
  canaries: z.array(Marked).max(MOST_CANARIES).default([]),
  /** Text files with a system prompt each. */
  systemPrompts: z
    .array(z.strictObject({ name, file: z.string().min(1) }))
    .max(100)
    .default([]),
  /** Share of a system prompt's character 4-grams in one output that is a leak. */
  containment: z.number().min(0.5).max(1).default(0.85),
  /** Characters of a system prompt in one piece that are a leak; the whole of a shorter one always is. */
  verbatim: z.int().min(LEAST_PROMPT).max(10_000).default(80),
  /** Text files that must not be given away word for word. */
  corpora: z
    .array(z.strictObject({ name, files: z.array(z.string().min(1)).min(1).max(1_000) }))
    .max(20)
    .default([]),
  /** Different runs of 13 words from a corpus in one output that are a leak. */
  corpusHits: z.int().min(1).max(10_000).default(3),
  /** Share of runs of 13 words that are taken for one of a corpus by mistake: 29 bits a run at the default. */
  corpusFalsePositives: z.number().min(1e-12).max(0.01).default(1e-6),
})
export type CanariesConfig = z.infer<typeof Config>
type Config = CanariesConfig

/** A protected file may be so long; a gigabyte of text takes some 600 MB of filter and is not what this is for. */
const MOST_FILE_BYTES = 64 * 1_048_576

/**
 * Finds what must never come out: canaries and honeytokens in any disguise, system prompts, protected texts (control IN-5;
 * ATLAS AML.T0056 Extract LLM System Prompt, AML.T0057 LLM Data Leakage). Canaries are certain and have p = 1e-9; the rest
 * has the share of quiet outputs that looked so. System prompts and corpora are looked for in outputs only. With nothing
 * configured it says nothing and costs nothing; CPU for 1,000 characters: 6 µs for 100 canaries, 35 µs for each system
 * prompt, 24 µs for a corpus. Memory: hashes of prompts, 3.6 bytes for each word of a corpus, 30 KB for each canary.
 */
export const canaries: DetectorPlugin<Config> = {
  kind: 'canaries',
  summary: 'Canaries, system prompts and protected texts that come out (IN-5, AML.T0056)',
  needs: [],
  config: Config,
  examples: [
    {},
    { canaries: [{ name: 'crm-row', value: '${file:/etc/modelward/crm-canary}' }] },
    { systemPrompts: [{ name: 'helpdesk', file: '/etc/modelward/helpdesk.txt' }], containment: 0.9 },
    { corpora: [{ name: 'manual', files: ['/srv/manual.txt'] }], corpusHits: 5 },
  ],
  open: async (config: Config, context: DetectorContext): Promise<Detector> => {
    const finder = await openProtected(config, context.key)
    return new LeakDetector(
      {
        ...config,
        finder,
        // Not a character of a canary is shown: its name says enough.
        shown: 0,
        directions: ['prompt', 'output'],
        noun: (rule) => rule.replace(':', ' '),
        isCertain: (rule) => rule.startsWith('canary:'),
      },
      context,
    )
  },
}

/** Reads what is protected. Throws a RefusedError or TransientError that names the place, never the value. */
export async function openProtected(config: Config, key: Uint8Array): Promise<LeakFinder> {
  const salt = new KeyedHash(key).of('modelward protected texts') | 0
  const marked = (await Promise.all(config.canaries.map(valuesOf))).flat()
  if (marked.length > MOST_CANARIES)
    throw new RefusedError(`there are ${marked.length} canaries, and ${MOST_CANARIES} at most are looked for`)
  const prompts = await Promise.all(
    config.systemPrompts.map(async (prompt) => {
      const text = await textOf(prompt.file)
      if (text.trim().length < LEAST_PROMPT)
        throw new RefusedError(`the system prompt ${prompt.file} is shorter than ${LEAST_PROMPT} characters`)
      return { name: prompt.name, text }
    }),
  )
  const corpora = await Promise.all(
    config.corpora.map(async (corpus) => ({ name: corpus.name, texts: await Promise.all(corpus.files.map(textOf)) })),
  )
  return new AllOf([
    new CanaryFinder(marked),
    new PromptFinder(prompts, config, salt),
    new CorpusFinder(corpora, { leastHits: config.corpusHits, falsePositives: config.corpusFalsePositives }, salt),
  ])
}

async function valuesOf(marked: z.infer<typeof Marked>): Promise<Canary[]> {
  const { value, file, prompts: inPrompts } = marked
  if ((value === undefined) === (file === undefined))
    throw new RefusedError(`canary ${marked.name}: give it a value or a file, one of the two`)
  const values = value
    ? [(await value.read()).reveal()]
    : (await textOf(file ?? '')).split('\n').map((line) => line.trim())
  return values
    .filter((line) => line !== '')
    .map((line) => {
      if (line.length < LEAST_CANARY)
        throw new RefusedError(`canary ${marked.name}: a value is shorter than ${LEAST_CANARY} characters`)
      return { name: marked.name, value: line, inPrompts }
    })
}

async function textOf(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > MOST_FILE_BYTES) throw new RefusedError(`it has ${size} bytes, and ${MOST_FILE_BYTES} are read at most`)
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new RefusedError(`the protected text ${path} cannot be read`, { cause })
  }
}
