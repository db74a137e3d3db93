import { z } from 'zod'
import { isLoopback, listen } from '../../runtime/listen.ts'
import { secretRef } from '../../runtime/secret.ts'

const MIB = 1024 * 1024

const path = z.string().min(1)
const keyPair = { cert: path.describe('PEM file: certificate and chain'), key: path.describe('PEM file: private key') }

const mtls = z.strictObject({
  ...keyPair,
  ca: path.describe('PEM file: who may issue client certificates'),
  sans: z
    .array(z.string().regex(/^(DNS|URI|email|IP Address):./, 'write it as DNS:name, URI:…, email:… or IP Address:…'))
    .min(1)
    .optional()
    .describe('Subject alternative names that may send; without it every certificate of the authority may'),
})

const auth = z
  .strictObject({
    bearer: z.array(secretRef).min(1).optional().describe('Authorization: Bearer, any of these tokens'),
    hmac: z.array(secretRef).min(1).optional().describe('Standard Webhooks signatures, any of these whsec_ secrets'),
    mtls: mtls.optional().describe('TLS with client certificates'),
  })
  .refine(
    (kinds) => Object.values(kinds).filter((kind) => kind !== undefined).length === 1,
    'choose one of bearer, hmac and mtls',
  )

const limits = z
  .strictObject({
    bodyBytes: z
      .number()
      .int()
      .min(1024)
      .max(128 * MIB)
      .default(20 * MIB)
      .describe('Of a body, after decompression'),
    ratio: z.number().min(1).default(100).describe('Bytes out for a byte in when decompressing, beyond the first MiB'),
    depth: z.number().int().min(1).max(1000).default(64).describe('Levels of nesting in a record'),
    recordBytes: z.number().int().min(256).default(MIB),
    records: z.number().int().min(1).default(100_000).describe('Records in a body'),
    maxConnections: z.number().int().min(1).default(256),
    requestTimeoutMs: z
      .number()
      .int()
      .min(100)
      .default(30_000)
      .describe('From the first byte of a request to its last'),
    headersTimeoutMs: z.number().int().min(100).default(10_000),
  })
  .prefault({})

/** The listener's part of the config. Listening beyond this machine without authentication is an error. */
export const HttpConfig = z
  .strictObject({
    listen: listen.prefault('127.0.0.1:8686'),
    auth: auth.optional(),
    tls: z.strictObject(keyPair).optional(),
    format: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]*$/)
      .optional()
      .describe('The format of everything that is pushed to / and /ingest; without it each record is recognised'),
    limits,
    maxJournalBytes: z
      .number()
      .int()
      .min(1024)
      .default(1024 * MIB)
      .describe('Bodies that wait to be evaluated; beyond it senders get 429'),
    minFreeBytes: z
      .number()
      .int()
      .min(0)
      .optional()
      .describe('Free space to leave on the disk; below it senders get 503. Default: the larger of 5 % and 512 MiB'),
  })
  .superRefine((config, context) => {
    if (config.auth === undefined && !isLoopback(config.listen.host))
      context.addIssue({
        code: 'custom',
        path: ['auth'],
        message: `anybody who reaches ${config.listen.host} could send records: add auth (bearer, hmac or mtls), or listen on 127.0.0.1`,
      })
    if (config.tls && config.auth?.mtls)
      context.addIssue({
        code: 'custom',
        path: ['tls'],
        message: 'auth.mtls already names certificate and key: drop tls',
      })
  })
export type HttpConfig = z.output<typeof HttpConfig>
export type HttpLimits = HttpConfig['limits']
