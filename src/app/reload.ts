import type { ReloadResult } from '../contract/desk.ts'
import type { Gauge } from '../contract/plugin.ts'
import { ConfigError, describeProblem, reasonOf } from '../runtime/errors.ts'
import { loadConfig, type Config } from './config/load.ts'
import type { Parts } from './daemon.ts'
import { openRules, warmRules } from './wiring.ts'

/**
 * Rules anew, between two batches, all or nothing: with any problem the old ones stay. The config file is checked whole;
 * what else changed in it takes a restart, and the answer says so. Whoever asks while a reload is at work shares the next
 * one with all others who ask, so that a storm of requests costs two.
 */
export class Reloader {
  readonly #parts: Parts
  readonly #successful: Gauge
  #askers = new Set<string>()
  #next: Promise<ReloadResult> | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: Parts) {
    this.#parts = parts
    this.#successful = parts.world.metrics.gauge(
      'modelward_config_last_reload_successful',
      '1 at the start and after a good reload, 0 after a refused one',
    )
    this.#successful.set(1)
  }

  reload(by: string): Promise<ReloadResult> {
    this.#askers.add(by)
    this.#next ??= this.#last.then(() => {
      const askers = [...this.#askers].join(', ')
      this.#askers = new Set()
      this.#next = undefined
      const reloading = this.#reload(askers)
      this.#last = reloading
      return reloading
    })
    return this.#next
  }

  /** Never rejects. */
  async #reload(by: string): Promise<ReloadResult> {
    const { world } = this.#parts
    try {
      const result = await this.#replaceRules(by)
      this.#successful.set(1)
      return result
    } catch (error) {
      this.#successful.set(0)
      const problems = error instanceof ConfigError ? error.problems.map(describeProblem) : [reasonOf(error)]
      world.log.error('reload refused, the old rules stay', { by, problems })
      return { reloaded: false, problems }
    }
  }

  async #replaceRules(by: string): Promise<ReloadResult> {
    const { config, world, watch, judge, pseudonyms } = this.#parts
    const next = config.file === undefined ? config : loadConfig(config.file, { data: config.data })
    const rules = openRules(next, pseudonyms)
    await warmRules(rules)
    const problems = waiting(config, next)
    const detail = { rules: rules.rules.length }
    await watch.errand(() => {
      judge.set(rules.judge)
      const subject = config.file ?? 'defaults'
      watch.witness([], [{ at: world.clock.now(), actor: by, action: 'config.reload', subject, detail }])
    })
    world.log.info('rules were reloaded', { by, ...detail, problems })
    return { reloaded: true, problems }
  }
}

/** The sections that were changed and are not what a reload reads. */
function waiting(config: Config, next: Config): readonly string[] {
  const sections = Object.keys(next.shape) as (keyof Config['shape'])[]
  return sections
    .filter((section) => section !== 'rules' && !isSame(config.shape[section], next.shape[section]))
    .map((section) => `${section} was changed: that takes effect at the next start`)
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
