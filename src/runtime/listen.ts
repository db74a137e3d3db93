import { z } from 'zod'

/** Where to listen. Port 0 takes any free port; without a host it is the loopback address. */
export interface Listen {
  readonly host: string
  readonly port: number
}

const WRITTEN = /^(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<host>[^\s:[\]]*)):(?<port>\d{1,5})$/

/** A config field that is an address to listen on: `127.0.0.1:8686`, `[::1]:8686`, `:0`. */
export const listen = z
  .string()
  .regex(WRITTEN, { error: 'write it as host:port, for example 127.0.0.1:8686 or [::1]:8686', abort: true })
  .transform((text): Listen => {
    const { six, host, port } = WRITTEN.exec(text)?.groups ?? {}
    return { host: six ?? (host || '127.0.0.1'), port: Number(port) }
  })
  .refine(({ port }) => port <= 65_535, 'a port is at most 65535')

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}
