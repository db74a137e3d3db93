import { Alerts } from '../alert/alerts.ts'
import type { Clock, Given, Log, Random } from '../contract/plugin.ts'
import type { Judge } from '../contract/rules.ts'
import type { Store } from '../contract/store.ts'
import type { NamedDetector } from './watch.ts'
import { openNormalizer } from '../normalize/normalizer.ts'
import { Pseudonyms } from '../normalize/principal/pseudonyms.ts'
import { loadRules, type LoadedRules } from '../rules/load.ts'
import { ConfigError } from '../runtime/errors.ts'
import type { Lifetime } from '../runtime/lifetime.ts'
import { withFields } from '../runtime/log.ts'
import type { MetricRegistry } from '../runtime/metrics.ts'
import type { Config } from './config/load.ts'
import type { DataDirectory } from './data-directory.ts'
import { normaliseTest, packProblems } from './rule-pack.ts'

/** What every part of one daemon shares. */
export interface World {
  readonly version: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics: MetricRegistry
  readonly failpoint: (name: string) => void
}

export function givenFor(world: World, name: string): Given {
  const { clock, random, log, metrics } = world
  return { name, clock, random, metrics, log: withFields(log, { component_id: name }) }
}

/** The pseudonyms of this data directory, or of the key that the config names. */
export async function openPseudonyms(
  config: Config,
  directory: DataDirectory,
  world: World,
  remember = false,
): Promise<Pseudonyms> {
  const named = config.shape.privacy.pseudonymKey
  const key = named ? Buffer.from((await named.read()).reveal(), 'utf8') : directory.pseudonymKey(world.random)
  if (key.byteLength < 32)
    throw new ConfigError([
      {
        file: config.file ?? 'config',
        part: 'privacy.pseudonymKey',
        what: `the key has ${key.byteLength} bytes`,
        cure: 'Use at least 32 random bytes',
      },
    ])
  return new Pseudonyms(key, { remember })
}

export function openEventNormalizer(config: Config, pseudonyms: Pseudonyms): ReturnType<typeof openNormalizer> {
  return openNormalizer({
    pseudonyms,
    mappings: config.mappings,
    disabled: config.shape.normalize.disabled,
    keepText: config.shape.privacy.keepText,
  })
}

/** The rules of the config; a rule that cannot be loaded or whose own tests fail refuses the whole pack. */
export function openRules(config: Config): LoadedRules {
  const loaded = loadRules(config.ruleFolders)
  const problems = packProblems(loaded, normaliseTest())
  if (problems.length > 0) throw new ConfigError(problems)
  return loaded
}

/** Other people's rules, which need not bring tests; one that cannot be loaded is an error unless it is to be skipped. */
export function untestedRules(config: Config, skipInvalid: boolean): Judge {
  const { judge, problems } = loadRules(config.ruleFolders)
  if (problems.length > 0 && !skipInvalid) throw new ConfigError(problems)
  return judge
}

/** Detectors as they were at the last commit. */
export async function openDetectors(
  config: Config,
  store: Store,
  world: World,
  life: Lifetime,
): Promise<readonly NamedDetector[]> {
  const opened: NamedDetector[] = []
  for (const { name, plugin, config: own } of config.detectors) {
    const detector = life.add(`detector ${name}`, await plugin.open(own, givenFor(world, name)))
    detector.restore(store.states(name))
    opened.push({ name, detector })
  }
  return opened
}

/** The alert stages as they were at the last commit. */
export function openAlerts(config: Config, store: Store): Alerts {
  const alerts = new Alerts(config.alert)
  alerts.restore(store)
  return alerts
}

/** A judge that can be changed between two batches. */
export class CurrentJudge {
  #judge: Judge
  constructor(judge: Judge) {
    this.#judge = judge
  }
  get = (): Judge => this.#judge
  set(judge: Judge): void {
    this.#judge = judge
  }
}
