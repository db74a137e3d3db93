import { z } from 'zod'

/** Where people and gateways reach the daemon. */
export const ConsoleConfig = z.strictObject({
  listen: z.string().default('127.0.0.1:8687'),
})
export type ConsoleConfig = z.output<typeof ConsoleConfig>
