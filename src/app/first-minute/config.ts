import { join } from 'node:path'
import { ConfigDocument } from '../config/document.ts'
import { readConfig, type Config } from '../config/load.ts'

/** The folder that the first minute's file collector reads. */
export function firstMinuteFolder(data: string): string {
  return join(data, 'first-minute')
}

/** Embedded defaults for a newcomer: an HTTP and a file collector on this machine, alerts into a file, playbooks dry. */
export function firstMinuteConfig(data: string): Config {
  const text = `
collect:
  - kind: http
    name: push
    listen: 127.0.0.1:8686
  - kind: file
    name: azure
    paths: [${JSON.stringify(join(firstMinuteFolder(data), '*.json'))}]
deliver:
  - kind: file
    path: alerts.ndjson
alert:
  group_wait: 2s
`
  return readConfig(ConfigDocument.parse('the first minute', text), undefined, { data })
}
