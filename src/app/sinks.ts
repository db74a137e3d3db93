import type { Notification } from '../contract/alert.ts'
import type { Level } from '../contract/rules.ts'
import type { Lifetime } from '../runtime/lifetime.ts'
import type { Consumer } from './act.ts'
import type { Config, RoutedSink } from './config/load.ts'
import type { DataDirectory } from './data-directory.ts'
import { givenFor, type World } from './wiring.ts'

const ORDER: readonly Level[] = ['informational', 'low', 'medium', 'high', 'critical']

/** Opens the sinks of the config as consumers of the outbox. */
export async function openSinks(
  config: Config,
  world: World,
  directory: DataDirectory,
  life: Lifetime,
): Promise<readonly Consumer[]> {
  const consumers: Consumer[] = []
  for (const routed of config.sinks) {
    const { name, kind, plugin, config: own } = routed
    const context = {
      ...givenFor(world, name),
      directory: directory.path,
      observer: { name: 'modelward', version: world.version },
    }
    const sink = life.add(`sink ${name}`, await plugin.open(own, context))
    consumers.push({
      name,
      kind,
      send: (notifications, signal) => sink.send(notifications, signal),
      wants: (notification) => isFor(routed, notification),
    })
  }
  return consumers
}

function isFor(sink: RoutedSink, notification: Notification): boolean {
  if (!sink.sendResolved && notification.kind === 'resolved') return false
  return notification.alerts.some((alert) => ORDER.indexOf(alert.level) >= ORDER.indexOf(sink.atLeast))
}
