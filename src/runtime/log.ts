import winston from 'winston'
import type { Log, LogFields } from '../contract/plugin.ts'
import { Secret } from './secret.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Operational log: one JSON object a line on standard error, fixed messages plus fields, secrets as ***. Low rate only. */
export function openLog(level: LogLevel, stream: NodeJS.WritableStream = process.stderr): Log {
  const logger = winston.createLogger({
    level,
    format: winston.format.combine(winston.format.timestamp(), winston.format.json({ replacer: plain })),
    transports: [new winston.transports.Stream({ stream })],
  })
  return {
    debug: (message, fields) => void logger.debug(message, fields),
    info: (message, fields) => void logger.info(message, fields),
    warn: (message, fields) => void logger.warn(message, fields),
    error: (message, fields) => void logger.error(message, fields),
  }
}

/** The same log with fields added to every line. */
export function withFields(log: Log, fields: LogFields): Log {
  return {
    debug: (message, more) => log.debug(message, { ...fields, ...more }),
    info: (message, more) => log.info(message, { ...fields, ...more }),
    warn: (message, more) => log.warn(message, { ...fields, ...more }),
    error: (message, more) => log.error(message, { ...fields, ...more }),
  }
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

function plain(_key: string, value: unknown): unknown {
  if (value instanceof Secret) return '***'
  if (typeof value === 'bigint') return value.toString()
  return value
}
