import { z } from 'zod'
import { secretRef } from '../runtime/secret.ts'

const WebhookTarget = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  url: z.url({ protocol: /^https?$/ }),
  secret: secretRef.describe('A Standard Webhooks secret: whsec_ and base64 of 24 to 64 bytes.'),
  allowAddresses: z.array(z.string()).default([]),
})

/** How playbooks run: dry by default. */
export const RespondConfig = z.strictObject({
  mode: z.enum(['dry-run', 'live']).default('dry-run').describe('In dry-run playbooks are planned and nothing is ever done.'),
  playbooks: z.array(z.string()).default([]).describe('Folders of playbooks beside the embedded ones.'),
  webhooks: z.array(WebhookTarget).default([]).describe('Receivers that playbooks may name in a webhook step.'),
  verifyWithinMs: z.int().min(0).max(600_000).default(60_000),
})
export type RespondConfig = z.output<typeof RespondConfig>
