import { join } from 'node:path'
import { ConfigDocument } from '../config/document.ts'
import { readConfig, type Config } from '../config/load.ts'

/** The folder that the first minute's file collector reads. */
export function firstMinuteFolder(data: string): string {
  return join(data, 'first-minute')
}

/** Embedded defaults for a newcomer: an HTTP and a file collector on this machine, alerts into a file, playbooks dry. */
export function firstMinuteConfig(
  data: string,
  listen = { collector: '127.0.0.1:8686', console: '127.0.0.1:8687' },
): Config {
  const text = `
collect:
  - kind: http
    name: push
    listen: ${listen.collector}
  - kind: file
    name: azure
    paths: [${JSON.stringify(join(firstMinuteFolder(data), '*.json'))}]
deliver:
  - kind: file
    path: alerts.ndjson
alert:
  group_wait: 2s
console:
  listen: ${listen.console}
`
  return readConfig(ConfigDocument.parse('the first minute', text), undefined, { data })
}
