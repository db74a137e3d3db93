import { z } from 'zod'
import { Receiver } from './actions/webhook/config.ts'

/** How playbooks run: dry by default. */
export const RespondConfig = z.strictObject({
  mode: z
    .enum(['dry-run', 'live'])
    .default('dry-run')
    .describe('In dry-run playbooks are planned and nothing is ever done.'),
  playbooks: z.array(z.string()).default([]).describe('Folders of playbooks beside the embedded ones.'),
  webhooks: z
    .array(Receiver)
    .default([])
    .superRefine((receivers, context) => {
      const names = receivers.map(({ name }) => name)
      for (const [index, name] of names.entries())
        if (names.indexOf(name) < index)
          context.addIssue({ code: 'custom', path: [index, 'name'], message: `the name "${name}" is used twice` })
    })
    .describe('Receivers that playbooks may name in a webhook step.'),
  verifyWithinMs: z.int().min(0).max(600_000).default(60_000).describe('How long an action may take to show effect.'),
  killSwitch: z
    .string()
    .min(1)
    .default('no-containment')
    .describe('While this file is in the data directory (or at this absolute path) nothing is approved or applied.'),
})
export type RespondConfig = z.output<typeof RespondConfig>
