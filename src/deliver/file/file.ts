import { resolve } from 'node:path'
import { z } from 'zod'
import type { Notification } from '../../contract/alert.ts'
import type { Outcome, Sink } from '../../contract/deliver.ts'
import type { Plugin } from '../../contract/plugin.ts'
import { reasonOf } from '../../runtime/errors.ts'
import type { SinkContext } from '../context/sink-context.ts'
import { ecsAlert } from '../encode/ecs.ts'
import { LineFile } from './line-file.ts'

const config = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe('File to append to, one ECS alert document a line (NDJSON). Relative paths start in the data directory.'),
})
type Config = z.infer<typeof config>

/** Alerts as NDJSON in a file, for shippers and people. Done means on disk. */
export const file: Plugin<Sink, Config, SinkContext> = {
  kind: 'file',
  summary: 'Appends every alert of a notification to a file, one ECS document a line.',
  needs: ['write access to the file and its directory'],
  config,
  examples: [{ path: 'alerts.ndjson' }, { path: '/var/log/modelward/alerts.ndjson' }],
  async open(config, context) {
    return new FileSink(resolve(context.directory, config.path), context)
  },
}

class FileSink implements Sink {
  readonly #lines: LineFile
  readonly #context: SinkContext

  constructor(path: string, context: SinkContext) {
    this.#lines = new LineFile(path)
    this.#context = context
  }

  /** All notifications of one call are one write and one fdatasync. */
  async send(notifications: readonly Notification[], signal: AbortSignal): Promise<readonly Outcome[]> {
    signal.throwIfAborted()
    const encoded = notifications.map((notification) => this.#encode(notification))
    const text = encoded.map((lines) => ('text' in lines ? lines.text : '')).join('')
    const written = await this.#write(text)
    return encoded.map((lines) => ('text' in lines ? written : lines))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lines.close()
  }

  #encode(notification: Notification): { readonly text: string } | { readonly park: string } {
    try {
      return {
        text: notification.alerts.map((alert) => `${JSON.stringify(this.#document(notification, alert))}\n`).join(''),
      }
    } catch (error) {
      return { park: `the alert cannot be written as ECS: ${reasonOf(error)}` }
    }
  }

  #document(notification: Notification, alert: Notification['alerts'][number]): Record<string, unknown> {
    const { observer, consoleUrl } = this.#context
    const document = ecsAlert(alert, {
      observer,
      now: notification.at,
      ...(consoleUrl === undefined ? {} : { url: consoleUrl }),
    })
    return withNotification(document, notification)
  }

  async #write(text: string): Promise<Outcome> {
    if (text === '') return { done: true }
    try {
      await this.#lines.append(text)
      return { done: true }
    } catch (error) {
      return { retry: `appending to the file: ${reasonOf(error)}` }
    }
  }
}

function withNotification(document: Record<string, unknown>, { id, kind }: Notification): Record<string, unknown> {
  return { ...document, modelward: { ...(document['modelward'] as object), notification: { id, kind } } }
}
