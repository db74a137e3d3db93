import { z } from 'zod'
import { isLoopback, listen } from '../runtime/listen.ts'

const path = z.string().min(1)

/** Where people and gateways reach the daemon. */
export const ConsoleConfig = z
  .strictObject({
    listen: listen.prefault('127.0.0.1:8687').describe('Address of the pages, the API, metrics and decisions'),
    tls: z
      .strictObject({
        cert: path.describe('PEM file: certificate and chain'),
        key: path.describe('PEM file: private key'),
      })
      .optional()
      .describe('Needed to listen beyond this machine'),
    sessionHours: z.number().min(0.25).max(168).default(12).describe('How long a browser stays signed in'),
    decisionsOpen: z
      .boolean()
      .optional()
      .describe(
        'Whether gateways may ask /decide without a token. Default: yes on a loopback address, else they send the gateway token as x-modelward-gateway-token',
      ),
    maxConnections: z.number().int().min(1).max(65_535).default(512),
  })
  .superRefine((config, context) => {
    if (config.tls === undefined && !isLoopback(config.listen.host))
      context.addIssue({
        code: 'custom',
        path: ['tls'],
        message: `the sign-in token would cross the network in clear on ${config.listen.host}: add tls {cert, key}, or listen on 127.0.0.1 behind a proxy that speaks TLS`,
      })
  })
  .transform((config) => ({ ...config, decisionsOpen: config.decisionsOpen ?? isLoopback(config.listen.host) }))
export type ConsoleConfig = z.output<typeof ConsoleConfig>
