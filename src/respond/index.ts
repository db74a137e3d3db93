import { decision } from './actions/decision/decision.ts'
import { webhook } from './actions/webhook/webhook.ts'
import type { ActionPlugin } from './context/action-context.ts'

/** Every kind of action there is. A new one is a folder and a line here. */
export const actions: readonly ActionPlugin[] = [decision, webhook]
