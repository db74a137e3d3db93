import { resolve } from 'node:path'
import type { Notification } from '../contract/alert.ts'
import type { Plan } from '../contract/respond.ts'
import type { Changes } from '../contract/store.ts'
import { Decisions } from '../respond/claims/decisions.ts'
import { openActions } from '../respond/open-actions.ts'
import { loadPlaybooks } from '../respond/playbooks.ts'
import { Responder } from '../respond/responder.ts'
import { Traffic } from '../respond/traffic/traffic.ts'
import { ConfigError, reasonOf } from '../runtime/errors.ts'
import type { Lifetime } from '../runtime/lifetime.ts'
import type { SqliteStore } from '../store/store.ts'
import type { Consumer } from './act.ts'
import { playbookFolders, type Config } from './config/load.ts'
import type { DataDirectory } from './data-directory.ts'
import { openGuardedPost } from './guarded-post.ts'
import { givenFor, type World } from './wiring.ts'

interface Surroundings {
  readonly store: SqliteStore
  readonly directory: DataDirectory
  readonly life: Lifetime
  readonly onlooker: { plan?(plan: Plan): void }
}

const TICK_MS = 1_000

/** The playbooks and everything they need, as they were at the last commit. */
export async function openContainment(
  config: Config,
  world: World,
  { store, directory, life, onlooker }: Surroundings,
): Promise<PlaybookRunner> {
  const { playbooks, problems } = loadPlaybooks(playbookFolders(config))
  if (problems.length > 0) throw new ConfigError(problems)
  const memory = {
    commit: (changes: Pick<Changes, 'documents' | 'audit'>) => store.commit(changes),
    documents: <T>(kind: string) => store.documents<T>(kind),
  }
  const decisions = new Decisions(memory)
  const guarded = openGuardedPost(config.respond.webhooks, world.clock)
  life.defer('posts of playbooks', () => guarded.close())
  const actions = await openActions(config.respond, (kind) => ({
    ...givenFor(world, kind),
    decisions,
    post: guarded.post,
  }))
  for (const [kind, action] of actions) life.add(`action ${kind}`, action)
  const responder = life.add(
    'playbooks',
    new Responder({
      playbooks,
      actions,
      decisions,
      traffic: new Traffic(),
      memory,
      clock: world.clock,
      random: world.random,
      log: world.log,
      mode: config.respond.mode,
      killSwitch: resolve(directory.path, config.respond.killSwitch),
      verifyWithinMs: config.respond.verifyWithinMs,
    }),
  )
  return new PlaybookRunner(responder, world, onlooker)
}

/** The responder as the two loops see it: a consumer of the outbox, and something that ticks. */
export class PlaybookRunner {
  readonly responder: Responder
  readonly #world: World
  readonly #onlooker: { plan?(plan: Plan): void }

  constructor(responder: Responder, world: World, onlooker: { plan?(plan: Plan): void }) {
    this.responder = responder
    this.#world = world
    this.#onlooker = onlooker
  }

  /** Planning is safe to repeat: the same alert, playbook and principal are the same plan. */
  get consumer(): Consumer {
    return {
      name: 'playbooks',
      kind: 'playbooks',
      wants: ({ kind }) => kind !== 'resolved',
      send: async (notifications) => {
        for (const notification of notifications) await this.#consider(notification)
        return notifications.map(() => ({ done: true }))
      },
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#world
    while (!signal.aborted) {
      await this.responder
        .tick(clock.now())
        .catch((error: unknown) => log.error('ending containment failed', { reason: reasonOf(error) }))
      await clock.sleep(TICK_MS, signal).catch(() => undefined)
    }
  }

  async #consider({ alerts }: Notification): Promise<void> {
    for (const alert of alerts) {
      for (const plan of await this.responder.consider(alert)) this.#onlooker.plan?.(plan)
    }
  }
}
