import { z } from 'zod'

const endpoint = z.string().transform((text, context) => {
  const url = URL.parse(text)
  const isBare = url?.protocol === 'https:' && url.pathname === '/' && url.search === '' && url.hash === ''
  if (url && isBare && url.username === '' && url.password === '') return url.origin
  context.addIssue('an endpoint is written https://host or https://host:port, without path, query or credentials')
  return z.NEVER
})

/** What `tls-posture` looks at. */
export const TlsPostureConfig = z.strictObject({
  endpoints: z
    .array(endpoint)
    .min(1)
    .max(500)
    .refine((all) => new Set(all).size === all.length, 'an endpoint is named twice')
    .describe('Where to look: https://host:port.'),
  minimum: z
    .enum(['TLSv1.2', 'TLSv1.3'])
    .default('TLSv1.2')
    .describe('Older protocols that are accepted are reported.'),
  expiresWithinDays: z.number().min(0).max(3_650).default(30).describe('From when on a certificate expires soon.'),
  timeoutMs: z.int().min(100).max(60_000).default(5_000).describe('For each connection.'),
  ca: z.string().min(1).optional().describe('A PEM file of roots to trust beside the well-known ones.'),
  plainHttp: z.boolean().default(false).describe('Also ask port 80 in plain HTTP.'),
})

export type TlsPostureConfig = z.output<typeof TlsPostureConfig>
