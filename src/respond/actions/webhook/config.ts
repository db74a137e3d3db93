import { z } from 'zod'
import { secretRef } from '../../../runtime/secret.ts'

/** A receiver that playbooks may name in a webhook step: somebody's own automation. */
export const Receiver = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be made of a-z, 0-9 and -'),
  url: z
    .url({ protocol: /^https?$/ })
    .refine((text) => URL.parse(text)?.username === '', 'credentials do not belong in the address')
    .refine(isEncryptedOrLocal, 'must be https; plain http is for loopback only')
    .describe('Where to post; https but for loopback.'),
  secret: secretRef.describe('Signing secret of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes.'),
  allowAddresses: z
    .array(
      z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], 'is not a network; write it like 10.1.0.0/16 or fd00::/8'),
    )
    .default([])
    .describe('Networks (CIDR) that may be reached although they are private, loopback or otherwise special.'),
  answersVerify: z
    .boolean()
    .default(false)
    .describe(
      'It knows `containment.verify` and answers {"effective": true|false}; without, only its answer to apply counts.',
    ),
})
export type Receiver = z.output<typeof Receiver>

export const Config = z.strictObject({ receivers: z.array(Receiver).default([]) })
export type Config = z.output<typeof Config>

function isEncryptedOrLocal(text: string): boolean {
  const url = URL.parse(text)
  return url?.protocol === 'https:' || /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url?.hostname ?? '')
}
