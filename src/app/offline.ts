import type { Alert } from '../contract/alert.ts'
import type { AlertQuery, AuditCheckpoint, AuditVerdict, Quarantined } from '../contract/store.ts'
import { RefusedError } from '../runtime/errors.ts'
import { openReader } from '../store/reader.ts'
import { DataDirectory } from './data-directory.ts'
import { alertDocument } from './replay.ts'
import { version } from './version.ts'

/** Alerts as the store has them, whether or not a daemon is running on it. */
export function readAlerts(
  data: string,
  query: AlertQuery,
): readonly { readonly alert: Alert; readonly document: Record<string, unknown> }[] {
  return reading(data, (store) =>
    store.alerts(query).map((alert) => ({ alert, document: alertDocument(alert, version) })),
  )
}

export function readQuarantine(data: string): readonly Quarantined[] {
  return reading(data, (store) => store.quarantined({ limit: 1_000 }))
}

export function verifyAudit(data: string, anchors: readonly AuditCheckpoint[]): AuditVerdict {
  return reading(data, (store) => store.audit.verify(anchors))
}

function reading<T>(data: string, work: (store: ReturnType<typeof openReader>) => T): T {
  const directory = new DataDirectory(data)
  if (!directory.exists)
    throw new RefusedError(`there is no data directory ${directory.path}; name it with --data or -c`)
  const store = openReader(directory.path)
  try {
    return work(store)
  } finally {
    store[Symbol.dispose]()
  }
}
