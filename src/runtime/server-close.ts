import type { Server } from 'node:http'
import type { Clock } from '../contract/plugin.ts'

/** Takes no more connections, lets requests under way finish for at most `graceMs`, then closes. */
export async function closeServer(server: Server, clock: Clock, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const done = new AbortController()
  const grace = clock.sleep(graceMs, done.signal).catch(() => undefined)
  await Promise.race([closed, grace])
  done.abort()
  server.closeAllConnections()
  await closed
}

/** To be called after each answer: while closing, a connection that is kept alive would hold everything up. */
export function closeIfIdle(server: Server): void {
  if (!server.listening) setImmediate(() => server.closeIdleConnections())
}
