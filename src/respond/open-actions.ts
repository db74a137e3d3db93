import type { Action } from '../contract/respond.ts'
import type { RespondConfig } from './config.ts'
import type { ActionContext } from './context/action-context.ts'
import { actions } from './index.ts'

/** Opens every action under its kind. Whoever calls closes them. */
export async function openActions(
  config: RespondConfig,
  contextFor: (kind: string) => ActionContext,
): Promise<ReadonlyMap<string, Action>> {
  const own: Readonly<Record<string, unknown>> = { webhook: { receivers: config.webhooks } }
  const opened = actions.map(
    async (plugin) => [plugin.kind, await plugin.open(own[plugin.kind] ?? {}, contextFor(plugin.kind))] as const,
  )
  return new Map(await Promise.all(opened))
}
