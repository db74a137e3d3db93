/** The child of the pipeline bench: one daemon on one file until every event is committed. */
import { commandWorld } from '../../src/app/command-world.ts'
import { ConfigDocument } from '../../src/app/config/document.ts'
import { readConfig } from '../../src/app/config/load.ts'
import { Daemon } from '../../src/app/daemon.ts'

const [file = '', data = '', events = '0'] = process.argv.slice(2)
const text = `
collect:
  - kind: file
    paths: [${JSON.stringify(file)}]
console:
  listen: 127.0.0.1:0
`
const config = readConfig(ConfigDocument.parse('bench', text), undefined, { data })
const daemon = await Daemon.open(config, commandWorld('error'))
const stop = new AbortController()
const startedAt = performance.now()
const cpuAtStart = process.cpuUsage()
const running = daemon.run(stop.signal)
while (daemon.desk.status().balance.committed < Number(events)) await new Promise((resolve) => setTimeout(resolve, 20))
const seconds = (performance.now() - startedAt) / 1000
const cpu = process.cpuUsage(cpuAtStart)
const { committed } = daemon.desk.status().balance
process.send?.({
  seconds,
  committed,
  cpuSeconds: (cpu.user + cpu.system) / 1e6,
  peakMiB: process.resourceUsage().maxRSS / 1024,
})
stop.abort()
await running
await daemon[Symbol.asyncDispose]()
