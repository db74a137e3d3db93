import { userInfo } from 'node:os'
import { readQuarantine } from '../../app/offline.ts'
import { RemoteDesk } from '../../app/remote.ts'
import { UsageError } from '../../runtime/errors.ts'
import { printable, table } from '../call/io.ts'
import type { Verb } from '../call/verb.ts'
import { dataOf } from './alerts.ts'

/** `quarantine`: what could not be read and why; `quarantine replay` sends it through the way again. */
export const quarantine: Verb = {
  name: 'quarantine',
  summary: 'records that could not be read, with the reason; `quarantine replay` tries them again',
  usage: '[replay]',
  examples: ['modelward quarantine', 'modelward quarantine replay'],
  options: {},
  async run(call) {
    const { io, words } = call
    const data = dataOf(call)
    if (words[0] === 'replay') {
      const result = await RemoteDesk.find(data, userInfo().username).post<{ read: number; kept: number }>(
        '/api/v1/quarantine/replay',
      )
      if (io.asJson) io.json({ kind: 'quarantine', ...result })
      else io.line(`${result.read} records were read now, ${result.kept} stay in quarantine.`)
      return 0
    }
    if (words.length > 0)
      throw new UsageError(`there is no "quarantine ${words[0] ?? ''}"; use: modelward quarantine [replay]`)
    const records = readQuarantine(data)
    if (io.asJson)
      for (const { bytes, ...record } of records) io.json({ kind: 'quarantined', ...record, size: bytes.byteLength })
    else if (records.length === 0) io.line('The quarantine is empty.')
    else
      io.line(
        table(
          records.map((record) => [
            record.id,
            record.source,
            record.file ?? record.stream,
            record.reason,
            printable(record.detail),
          ]),
        ),
      )
    return 0
  },
}
