import type { ZodType } from 'zod'
import type { Given, Plugin } from '../../contract/plugin.ts'
import type { Action } from '../../contract/respond.ts'
import type { Decisions } from '../claims/decisions.ts'

/** What every action may use of its surroundings, besides the outside world of `Given`. */
export interface ActionContext extends Given {
  /** The embedded list that gateways ask. */
  readonly decisions: Decisions
  /** Posts where the operator lets us, and nowhere else; follows no redirect. Rejects when there was no answer. */
  readonly post: Post
}

export type Post = (
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<PostReply>

export interface PostReply {
  readonly status: number
  /** As text; what is beyond 64 KiB may be cut off. */
  readonly body: string
  /** From `Retry-After`, when the other side said when. */
  readonly retryAfterMs?: number
}

/** An action as it presents itself; `parameters` is what a step's `with:` may say. */
export interface ActionPlugin<Config = unknown> extends Plugin<Action, Config, ActionContext> {
  readonly parameters: ZodType<Readonly<Record<string, unknown>>>
}
