import { z } from 'zod'
import { durationWithin } from '../../runtime/duration.ts'
import { secretRef } from '../../runtime/secret.ts'

const entry = z.looseObject({ kind: z.string(), name: z.string().optional() })
const list = z.array(entry)

/** The config as it is written. Lists of plug-ins are checked entry by entry against the plug-in's own schema. */
export const Shape = z.strictObject({
  data: z.string().default('modelward-data').describe('The data directory: state, journal, keys. One daemon each.'),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
  memory: z
    .strictObject({ budgetMiB: z.number().int().min(8).max(65_536).default(16) })
    .prefault({})
    .describe('How many bytes of records may be held at once, over all sources.'),
  commit: z
    .strictObject({
      events: z.number().int().min(1).max(100_000).default(1_000),
      ms: z.number().int().min(0).max(1_000).default(50),
    })
    .prefault({})
    .describe('A commit is made when so many events are together, or so much time has passed since the first.'),
  privacy: z
    .strictObject({
      pseudonymKey: secretRef.optional().describe('32 bytes or more; without it a key is made in the data directory.'),
      keepText: z.boolean().default(false).describe('Keep prompt and output text in alerts.'),
    })
    .prefault({}),
  collect: list.default([]),
  normalize: z
    .strictObject({
      mappings: z.array(z.looseObject({})).default([]),
      disabled: z.array(z.string()).default([]).describe('Formats that are never recognised.'),
    })
    .prefault({}),
  rules: z
    .strictObject({
      folders: z.array(z.string()).optional().describe('Replaces the embedded rules.'),
      add: z.array(z.string()).default([]).describe('Folders or packs beside the embedded rules.'),
      pipelines: z
        .array(z.string())
        .default([])
        .describe('pySigma-compatible files that map field names and log sources, by their priority.'),
      placeholders: z
        .record(z.string(), z.array(z.union([z.string(), z.number()]).transform(String)))
        .default({})
        .describe('Values for %name% after the modifier expand; a rule with an unknown name is refused.'),
      trust: z
        .array(z.string())
        .default([])
        .describe('Files of Ed25519 public keys. With any, only packs signed by one of them are used.'),
      groups: z
        .number()
        .int()
        .min(1)
        .max(10_000_000)
        .default(200_000)
        .describe('Groups that correlations, first_seen and absence remember together; then the oldest is forgotten.'),
      lateness: durationWithin('0s', '1d')
        .prefault('5m')
        .describe('Events may come this much late and still count in the windows of correlations.'),
    })
    .prefault({}),
  detect: list.optional().describe('Without it every detector runs with its defaults.'),
  compute: z
    .strictObject({
      device: z
        .enum(['auto', 'ref', 'wasm', 'webgpu', 'tfjs-node-gpu'])
        .default('auto')
        .describe('Where detectors compute; auto takes a GPU where one passes the self-test. See modelward devices.'),
      tfjsFolder: z
        .string()
        .optional()
        .describe('The folder in which @tensorflow/tfjs-node-gpu was installed (docs/tfjs-node-gpu.md).'),
      textThreads: z
        .int()
        .min(0)
        .max(16)
        .optional()
        .describe(
          'Threads that read texts ahead for detectors, 85 MB each. Default: one where there are cores for two.',
        ),
    })
    .prefault({}),
  budget: z.looseObject({}).prefault({}),
  alert: z.looseObject({}).prefault({}),
  deliver: list.default([]),
  respond: z.looseObject({}).prefault({}),
  inspect: z.array(entry.extend({ schedule: z.string() })).default([]),
  console: z.looseObject({}).prefault({}),
})
export type Shape = z.output<typeof Shape>
