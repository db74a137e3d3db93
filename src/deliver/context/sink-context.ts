import type { Given } from '../../contract/plugin.ts'

/** What every sink may use of its surroundings, besides the outside world of `Given`. */
export interface SinkContext extends Given {
  /** The data directory, absolute; relative paths in a sink's config start here. */
  readonly directory: string
  /** Who raises the alerts: the name of this daemon and the version of modelward. */
  readonly observer: Observer
  /** Where people reach the console, for links in alerts. */
  readonly consoleUrl?: string
}

/** ECS `observer`: the name of this daemon in the config and modelward's version. */
export interface Observer {
  readonly name: string
  readonly version: string
}
