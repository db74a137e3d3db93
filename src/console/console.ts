import type { Desk } from '../contract/desk.ts'
import type { Given } from '../contract/plugin.ts'
import type { Secret } from '../runtime/secret.ts'
import { Guard } from './access/guard.ts'
import { Sessions } from './access/sessions.ts'
import { Token } from './access/token.ts'
import { apiRoutes } from './api/api.ts'
import type { ConsoleConfig } from './config.ts'
import { Decisions } from './decide/decide.ts'
import { Front } from './front.ts'
import { healthRoutes } from './health.ts'
import { Listener } from './listener.ts'
import { pageRoutes } from './pages/pages.ts'
import { Router } from './routing/router.ts'

export interface ConsoleContext extends Given {
  readonly desk: Desk
  /** What lets a person into the pages and a program into the API. */
  readonly token: Secret
  /** What lets a gateway ask for decisions when they are not open. Default: the token. */
  readonly gatewayToken?: Secret
}

/** The daemon's pages, API, metrics and decisions, on one socket. */
export interface Console extends AsyncDisposable {
  /** A URL without a path: `http://127.0.0.1:8687`. */
  readonly address: string
}

/** Resolves once it listens; throws TransientError when the address or a TLS file cannot be used. */
export async function openConsole(config: ConsoleConfig, context: ConsoleContext): Promise<Console> {
  const { desk, metrics } = context
  const token = new Token(context.token)
  const gatewayToken = context.gatewayToken ? new Token(context.gatewayToken) : token
  const guard = new Guard(token, new Sessions(context, config.sessionHours))
  const front = new Front({
    context,
    guard,
    router: new Router([
      ...healthRoutes(desk),
      ...apiRoutes(desk),
      ...pageRoutes({ desk, clock: context.clock, guard }),
    ]),
    decisions: new Decisions({ desk, metrics, token: config.decisionsOpen ? undefined : gatewayToken }),
  })
  return Listener.open(config, front.serve, context.clock)
}
