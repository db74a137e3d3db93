import { DataDirectory } from '../../app/data-directory.ts'
import { examine, running } from '../../app/doctor.ts'
import { paint, printable } from '../call/io.ts'
import { textFlag, type Verb } from '../call/verb.ts'
import { dataOf } from './alerts.ts'

/** `doctor`: is it well? */
export const doctor: Verb = {
  name: 'doctor',
  summary: 'is it well: program, config, permissions, audit chain, the running daemon',
  usage: '[--healthy]',
  examples: ['modelward doctor -c modelward.yaml', 'modelward doctor --healthy --data /var/lib/modelward'],
  options: { healthy: { type: 'boolean' } },
  async run(call) {
    const { io } = call
    const findings = call.flags['healthy']
      ? [await running(new DataDirectory(dataOf(call)))]
      : await examine(textFlag(call, 'config'), textFlag(call, 'data'))
    for (const finding of findings)
      if (io.asJson) io.json({ kind: 'finding', ...finding })
      else
        io.line(
          `${finding.well ? paint(io, 'green', 'well') : paint(io, 'red', 'ILL ')}  ${finding.name}: ${printable(finding.detail)}`,
        )
    return findings.every(({ well }) => well) ? 0 : 1
  },
}
