import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { Alerts } from '../alert/alerts.ts'
import type { Clock, Given, Log, Random } from '../contract/plugin.ts'
import type { KeyUse, Score, StateChange } from '../contract/detect.ts'
import type { Event } from '../contract/event.ts'
import type { Finding, Judge } from '../contract/rules.ts'
import type { Store } from '../contract/store.ts'
import { JUDGE_STATE } from './watch.ts'
import { openNormalizer } from '../normalize/normalizer.ts'
import { Pseudonyms } from '../normalize/principal/pseudonyms.ts'
import { loadRules, type LoadedRules } from '../rules/load.ts'
import { readRuleFiles } from '../rules/rule-files.ts'
import { readTrustedKey, type TrustedKey } from '../rules/pack/trust.ts'
import { ConfigError, reasonOf } from '../runtime/errors.ts'
import { withFields } from '../runtime/log.ts'
import type { MetricRegistry } from '../runtime/metrics.ts'
import { embeddedRules, type Config } from './config/load.ts'
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
export function openRules(config: Config, pseudonyms?: Pseudonyms): LoadedRules {
  const loaded = readRules(config, pseudonyms === undefined ? {} : { pseudonyms })
  const problems = packProblems(loaded, normaliseTest())
  if (problems.length > 0) throw new ConfigError(problems)
  return loaded
}

/** Builds the indexes that the first events would wait for, giving way to the loop between two of them. */
export async function warmRules(rules: LoadedRules): Promise<void> {
  for (const _ of rules.warm()) await setImmediate()
}

/**
 * The rules of the config, whatever is wrong with them; `pseudonyms` where what they remember is stored. The rules that
 * ship with the program need no signature beside its own. Throws ConfigError for a key that cannot be read.
 */
export function readRules(
  config: Config,
  { pseudonyms, routing = true }: { readonly pseudonyms?: Pseudonyms; readonly routing?: boolean } = {},
): LoadedRules {
  const { pipelines, placeholders, trust, groups, lateness } = config.shape.rules
  const isOurs = (folder: string): boolean => trust.length > 0 && folder === embeddedRules
  const ours = readRuleFiles(config.ruleFolders.filter(isOurs))
  const folders = config.ruleFolders.filter((folder) => !isOurs(folder))
  return loadRules(folders, {
    files: ours.files,
    routing,
    pipelines,
    placeholders: new Map(Object.entries(placeholders)),
    groups,
    latenessMs: lateness,
    ...(trust.length === 0 ? {} : { trust: trust.map(readKey) }),
    ...(pseudonyms === undefined ? {} : { hashKey: pseudonyms.derive('rules') }),
  })
}

function readKey(file: string): TrustedKey {
  try {
    return readTrustedKey(readFileSync(file, 'utf8'))
  } catch (error) {
    const cure = 'Name a file with an Ed25519 public key, PEM or base64 (docs/packs.md)'
    throw new ConfigError([{ file, part: 'rules.trust', what: reasonOf(error), cure }])
  }
}

/** Other people's rules, which need not bring tests; one that cannot be loaded is an error unless it is to be skipped. */
export function untestedRules(
  config: Config,
  options: { readonly skipInvalidRules?: boolean; readonly allLogsources?: boolean },
): LoadedRules {
  const loaded = readRules(config, { routing: options.allLogsources !== true })
  if (loaded.problems.length > 0 && options.skipInvalidRules !== true) throw new ConfigError(loaded.problems)
  return loaded
}

/** The alert stages as they were at the last commit. */
export function openAlerts(config: Config, store: Store): Alerts {
  const alerts = new Alerts(config.alert)
  alerts.restore(store)
  return alerts
}

/** A judge that can be changed between two batches: the one that takes over knows what the one before it knew. */
export class CurrentJudge implements Judge {
  #judge: Judge
  #left: StateChange[] = []

  constructor(judge: Judge, store: Pick<Store, 'states'>) {
    judge.restore(store.states(JUDGE_STATE))
    this.#judge = judge
  }

  get rules(): Judge['rules'] {
    return this.#judge.rules
  }

  set(judge: Judge): void {
    this.#left.push(...this.#judge.changes())
    judge.restore(this.#judge.state())
    this.#judge = judge
  }

  judge(event: Event, score?: Score): readonly Finding[] {
    return this.#judge.judge(event, score)
  }

  tick(now: number): readonly Finding[] {
    return this.#judge.tick(now)
  }

  changes(): readonly StateChange[] {
    const changes = this.#judge.changes()
    return this.#left.length === 0 ? changes : [...this.#left.splice(0), ...changes]
  }

  restore(state: Iterable<StateChange>): void {
    this.#judge.restore(state)
  }

  state(): Iterable<StateChange> {
    return this.#judge.state()
  }

  keys(): KeyUse {
    return this.#judge.keys()
  }

  passedOver(): Readonly<Record<string, number>> {
    return this.#judge.passedOver()
  }
}
