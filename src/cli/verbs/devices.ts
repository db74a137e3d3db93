import type { DeviceReport } from '../../contract/compute.ts'
import { commandWorld } from '../../app/command-world.ts'
import { loadConfig } from '../../app/config/load.ts'
import { readDevices } from '../../app/devices.ts'
import { printable, table } from '../call/io.ts'
import { textFlag, type Verb } from '../call/verb.ts'

/** `devices`: what detectors can compute on here. */
export const devices: Verb = {
  name: 'devices',
  summary: 'compute devices: each tested against float64, with its speed or the reason it cannot be used',
  usage: '',
  examples: ['modelward devices', 'modelward devices --json'],
  options: {},
  async run(call) {
    const { io } = call
    io.progress('testing devices')
    const reports = await readDevices(loadConfig(textFlag(call, 'config')), commandWorld('error'))
    if (io.asJson) for (const report of reports) io.json({ kind: 'device', ...report })
    else {
      io.line(table([['DEVICE', 'USABLE', 'MDIST/S', 'DIFFERENCE', 'WHAT'], ...reports.map(cells)]))
      for (const { device, reason } of reports) if (reason !== undefined) io.line(`\n${device}: ${printable(reason)}`)
      io.line(`\nMDIST/S: millions of distances of 768 numbers a second. DIFFERENCE: the largest, relative, from ref.`)
    }
    return reports.some(({ usable }) => usable) ? 0 : 1
  },
}

function cells({ device, usable, what, speed, differences }: DeviceReport): readonly string[] {
  const worst = Math.max(0, ...Object.values(differences ?? {}))
  return [
    device,
    usable ? 'yes' : 'no',
    speed === undefined ? '-' : speed.toFixed(1),
    differences === undefined ? '-' : worst.toExponential(1),
    printable(what),
  ]
}
