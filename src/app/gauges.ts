import type { Parts } from './daemon.ts'
import { statusOf } from './status.ts'

/** Gauges that are looked up at each reading, so that the two loops need not keep them. */
export function registerGauges(parts: Parts): void {
  registerJudgement(parts)
  const { metrics } = parts.world
  const inFlight = metrics.gauge('modelward_records_in_flight', 'Records taken in and not yet committed')
  const unaccounted = metrics.gauge(
    'modelward_records_unaccounted',
    'received - committed - quarantined - dropped - in flight; 0 or a fault',
  )
  const waiting = metrics.gauge('modelward_outbox_rows', 'Notifications that wait for a receiver', ['component_id'])
  const oldest = metrics.gauge('modelward_outbox_oldest_seconds', 'Age of the oldest notification that waits', [
    'component_id',
  ])
  const parked = metrics.gauge('modelward_outbox_parked', 'Notifications that a receiver refused', ['component_id'])
  const keys = metrics.gauge('modelward_detector_keys', 'Keys held by a detector', ['component_id'])
  const evicted = metrics.gauge('modelward_detector_key_evictions', 'Keys given up since the start', ['component_id'])
  const alerts = metrics.gauge('modelward_alerts_active', 'Alerts that are open')
  const bytes = metrics.gauge('modelward_store_bytes', 'Size of the database')
  const free = metrics.gauge('modelward_store_free_bytes', 'Free space on its file system')
  const degraded = metrics.gauge('modelward_degraded', 'How many things are wrong, as readiness and the page tell them')
  metrics.refresh(() => {
    const { daemon, sinks } = statusOf(parts)
    const { balance } = daemon
    inFlight.set(balance.inFlight)
    unaccounted.set(
      balance.received - balance.committed - total(balance.quarantined) - total(balance.dropped) - balance.inFlight,
    )
    for (const sink of sinks) {
      const labels = { component_id: sink.name }
      waiting.set(sink.waiting, labels)
      parked.set(sink.parked, labels)
      oldest.set(sink.oldestAt === undefined ? 0 : (parts.world.clock.now() - sink.oldestAt) / 1_000, labels)
    }
    for (const detector of daemon.detectors) {
      keys.set(detector.keys, { component_id: detector.name })
      evicted.set(detector.evicted, { component_id: detector.name })
    }
    alerts.set(parts.alerts.figures().open)
    bytes.set(daemon.storeBytes)
    free.set(daemon.freeBytes)
    degraded.set(daemon.degraded.length)
  })
}

/** What rules over several events remember, and how the false-alarm budget is spent. */
function registerJudgement(parts: Parts): void {
  const { metrics } = parts.world
  const groups = metrics.gauge('modelward_rule_groups', 'Groups remembered by rules over several events')
  const forgotten = metrics.gauge('modelward_rule_group_evictions', 'Groups forgotten for want of room since the start')
  const passedOver = metrics.gauge(
    'modelward_rule_events_passed_over',
    'Events that rules over several events could not count, since the rules were loaded',
    ['reason'],
  )
  const looks = metrics.gauge('modelward_evidence_looks', 'Windows that detectors judged in the last seven days')
  const alarms = metrics.gauge(
    'modelward_evidence_alarms',
    'Times that evidence passed the budget in the last seven days',
  )
  const budget = metrics.gauge('modelward_false_alarm_budget', 'False alarms a week that the config accepts')
  metrics.refresh(() => {
    const remembered = parts.judge.keys()
    groups.set(remembered.held)
    forgotten.set(remembered.evicted)
    for (const [reason, count] of Object.entries(parts.judge.passedOver())) passedOver.set(count, { reason })
    const spent = parts.evidence.report()
    looks.set(spent.looks)
    alarms.set(spent.alarms)
    budget.set(spent.perWeek)
  })
}

/** The sum of counts by reason. */
function total(reasons: Readonly<Record<string, number>>): number {
  return Object.values(reasons).reduce((sum, count) => sum + count, 0)
}
