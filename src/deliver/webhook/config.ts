import { isIP } from 'node:net'
import { z } from 'zod'
import { reasonOf } from '../../runtime/errors.ts'
import { secretRef } from '../../runtime/secret.ts'
import { AddressGuard, networkList } from './address-guard.ts'

const network = z.string().superRefine((text, context) => {
  try {
    networkList([text])
  } catch (error) {
    context.addIssue({ code: 'custom', message: reasonOf(error) })
  }
})

/** The config of a webhook sink. A literal address that must not be reached is an error here, before anything is opened. */
export const config = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).describe('Where to post. https, on one of `ports`.'),
    secret: secretRef.describe('Signing secret of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes.'),
    bearer: secretRef.optional().describe('Sent as `Authorization: Bearer …` when the receiver asks for it.'),
    ca: z.string().min(1).optional().describe('File of PEM certificates to trust instead of the system’s.'),
    ports: z.array(z.int().min(1).max(65_535)).min(1).default([443, 8443]).describe('Ports that may be connected to.'),
    allowAddresses: z
      .array(network)
      .default([])
      .describe('Networks (CIDR) that may be reached although they are private, loopback or otherwise special.'),
    allowPlainHttp: z
      .boolean()
      .default(false)
      .describe('Lets `url` be http, for a receiver on loopback that `allowAddresses` names.'),
  })
  .superRefine((config, context) => {
    const problem = problemWith(config)
    if (problem !== undefined) context.addIssue({ code: 'custom', path: ['url'], message: problem })
  })
export type Config = z.infer<typeof config>

function problemWith(config: {
  readonly url: string
  readonly ports: readonly number[]
  readonly allowAddresses: readonly string[]
  readonly allowPlainHttp: boolean
}): string | undefined {
  const url = new URL(config.url)
  if (url.username !== '' || url.password !== '') return 'credentials do not belong in the address; use bearer'
  if (url.protocol === 'http:' && !config.allowPlainHttp) return 'must be https (allowPlainHttp is for loopback only)'
  if (!config.ports.includes(portOf(url))) return `port ${portOf(url)} is not among ports (${config.ports.join(', ')})`
  const host = hostOf(url)
  if (isIP(host) === 0) return undefined
  return new AddressGuard({ allow: config.allowAddresses, loopbackOnly: url.protocol === 'http:' }).refusal(host)
}

/** The host of a URL as `net` knows it: IPv6 without brackets. */
function hostOf(url: URL): string {
  return url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
}

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
}
