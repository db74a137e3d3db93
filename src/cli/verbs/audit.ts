import { readFileSync } from 'node:fs'
import type { AuditCheckpoint } from '../../contract/store.ts'
import { verifyAudit } from '../../app/offline.ts'
import { UsageError, reasonOf } from '../../runtime/errors.ts'
import { textFlags, type Verb } from '../call/verb.ts'
import { dataOf } from './alerts.ts'

/** `audit verify`: walks the chain and its signed checkpoints. */
export const audit: Verb = {
  name: 'audit verify',
  summary: 'the audit log: chain, signatures and, against a checkpoint kept elsewhere, its tail',
  usage: '[--checkpoint FILE]…',
  examples: ['modelward audit verify', 'modelward audit verify --checkpoint /mnt/elsewhere/checkpoint.json --json'],
  options: { checkpoint: { type: 'string', multiple: true } },
  async run(call) {
    const anchors = textFlags(call, 'checkpoint').flatMap(readCheckpoints)
    const verdict = verifyAudit(dataOf(call), anchors)
    if (call.io.asJson) call.io.json({ kind: 'audit', ...verdict })
    else if (verdict.intact)
      call.io.line(`Intact: ${verdict.entries} entries, ${verdict.checkpoints} signed checkpoints.`)
    else call.io.line(`BROKEN at entry ${verdict.brokenAt ?? '?'}: ${verdict.problem ?? 'the chain does not hold'}`)
    return verdict.intact ? 0 : 1
  },
}

function readCheckpoints(file: string): readonly AuditCheckpoint[] {
  try {
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
    return lines.map((line) => JSON.parse(line) as AuditCheckpoint)
  } catch (cause) {
    throw new UsageError(`--checkpoint ${file}: one JSON checkpoint a line is expected (${reasonOf(cause)})`, { cause })
  }
}
