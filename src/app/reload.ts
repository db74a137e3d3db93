import type { ReloadResult } from '../contract/desk.ts'
import { ConfigError, describeProblem, reasonOf } from '../runtime/errors.ts'
import { loadConfig } from './config/load.ts'
import type { Parts } from './daemon.ts'
import { openRules } from './wiring.ts'

/**
 * Rules anew, between two batches, all or nothing: with any problem the old ones stay. The config file is checked whole;
 * what else changed in it takes a restart, and the answer says so.
 */
export class Reloader {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async reload(by: string): Promise<ReloadResult> {
    const { config, world, watch, judge } = this.#parts
    const successful = world.metrics.gauge(
      'modelward_config_last_reload_successful',
      '1 after a good reload, 0 after a refused one',
    )
    try {
      const next = openRules(loadConfig(config.file, { data: config.data, ruleFolders: config.ruleFolders }))
      await watch.errand(() => {
        judge.set(next.judge)
        watch.witness(
          [],
          [
            {
              at: world.clock.now(),
              actor: by,
              action: 'config.reload',
              subject: config.file ?? 'defaults',
              detail: { rules: next.rules.length },
            },
          ],
        )
      })
      successful.set(1)
      world.log.info('rules were reloaded', { by, rules: next.rules.length })
      return { reloaded: true, problems: [] }
    } catch (error) {
      successful.set(0)
      const problems = error instanceof ConfigError ? error.problems.map(describeProblem) : [reasonOf(error)]
      world.log.error('reload refused, the old rules stay', { by, problems })
      return { reloaded: false, problems }
    }
  }
}
