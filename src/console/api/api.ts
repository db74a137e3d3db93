import type { Desk } from '../../contract/desk.ts'
import type { Plan } from '../../contract/respond.ts'
import type { Quarantined } from '../../contract/store.ts'
import { nameOf } from '../access/caller.ts'
import { type Answer, json } from '../http/answer.ts'
import { readJson } from '../http/body.ts'
import { RequestError, notFound } from '../http/request-error.ts'
import type { Ask, Method, Route } from '../routing/router.ts'
import { Digest, NewPlan, NewSilence, Nothing, alertQuery, limitOf } from './input.ts'
import { alertOf, planOf, silenceOf } from './lookup.ts'
import { openApi } from './open-api.ts'

/** The JSON API: everything of the desk, below /api/v1. */
export function apiRoutes(desk: Desk): readonly Route[] {
  return [
    ...alertRoutes(desk),
    ...silenceRoutes(desk),
    ...containmentRoutes(desk),
    ...daemonRoutes(desk),
    route('GET', '/api/v1/openapi.json', () => json(200, openApi(desk.status().version))),
  ]
}

function alertRoutes(desk: Desk): readonly Route[] {
  return [
    route('GET', '/api/v1/alerts', ({ query }) => json(200, { alerts: desk.alerts(alertQuery(query)) })),
    route('GET', '/api/v1/alerts/:id', ({ part }) => {
      const alert = alertOf(desk, part('id'))
      return json(200, { alert, document: desk.document(alert) })
    }),
    route('POST', '/api/v1/alerts/:id/ack', async ({ request, part, caller }) => {
      await readJson(request, Nothing)
      return json(200, await desk.acknowledge(alertOf(desk, part('id')).id, nameOf(caller)))
    }),
    route('POST', '/api/v1/alerts/:id/resolve', async ({ request, part, caller }) => {
      await readJson(request, Nothing)
      return json(200, await desk.resolve(alertOf(desk, part('id')).id, nameOf(caller)))
    }),
  ]
}

function silenceRoutes(desk: Desk): readonly Route[] {
  return [
    route('GET', '/api/v1/silences', () => json(200, { silences: desk.silences() })),
    route('POST', '/api/v1/silences', async ({ request, caller }) =>
      json(201, await desk.silence(await readJson(request, NewSilence), nameOf(caller))),
    ),
    route('DELETE', '/api/v1/silences/:id', async ({ part, caller }) => {
      const { id } = silenceOf(desk, part('id'))
      await desk.expireSilence(id, nameOf(caller))
      return json(200, { expired: id })
    }),
  ]
}

function containmentRoutes(desk: Desk): readonly Route[] {
  const decided = (path: string, decide: (plan: Plan, by: string) => Promise<Plan>): Route =>
    route('POST', path, async ({ request, part, caller }) => {
      await readJson(request, Nothing)
      return json(200, await decide(planOf(desk, part('id')), nameOf(caller)))
    })
  return [
    route('GET', '/api/v1/playbooks', () => json(200, { playbooks: desk.playbooks() })),
    route('GET', '/api/v1/plans', () => json(200, { plans: desk.plans() })),
    route('GET', '/api/v1/plans/:id', ({ part }) => json(200, planOf(desk, part('id')))),
    route('POST', '/api/v1/plans', async ({ request, caller }) => {
      const { playbook, alert, principal } = await readJson(request, NewPlan)
      if (!desk.playbooks().some(({ id }) => id === playbook))
        throw notFound(`there is no playbook ${playbook}; GET /api/v1/playbooks lists them`)
      const plans = await desk.plan(playbook, alertOf(desk, alert).id, nameOf(caller), principal)
      const [first, ...others] = plans
      return json(201, others.length === 0 ? first : { ...first, others })
    }),
    route('POST', '/api/v1/plans/:id/approve', async ({ request, part, caller }) => {
      const { digest } = await readJson(request, Digest)
      return json(200, await desk.approve(planOf(desk, part('id')).id, digest, nameOf(caller)))
    }),
    decided('/api/v1/plans/:id/reject', (plan, by) => desk.reject(plan.id, by)),
    decided('/api/v1/plans/:id/revert', (plan, by) => desk.revert(plan.id, by)),
    route('GET', '/api/v1/claims', () => json(200, { claims: desk.claims() })),
  ]
}

function daemonRoutes(desk: Desk): readonly Route[] {
  return [
    route('GET', '/api/v1/sources', () => json(200, { sources: desk.sources() })),
    route('GET', '/api/v1/sinks', () => json(200, { sinks: desk.sinks() })),
    route('GET', '/api/v1/status', () => json(200, desk.status())),
    route('GET', '/api/v1/quarantine', ({ query }) =>
      json(200, { quarantined: desk.quarantined(limitOf(query)).map(withoutBytes) }),
    ),
    route('POST', '/api/v1/quarantine/replay', async ({ request, caller }) => {
      await readJson(request, Nothing)
      return json(200, await desk.replayQuarantine(nameOf(caller)))
    }),
    route('GET', '/api/v1/parked', () => json(200, { parked: desk.parked() })),
    route('GET', '/api/v1/audit/verify', () => json(200, desk.verifyAudit())),
    route('POST', '/-/reload', (ask) => reload(desk, ask)),
  ]
}

async function reload(desk: Desk, { request, caller }: Ask): Promise<Answer> {
  await readJson(request, Nothing)
  const result = await desk.reload(nameOf(caller))
  if (result.reloaded) return json(200, result)
  throw new RequestError(409, 'MW_CONFIG', `nothing was changed: ${result.problems.join('; ')}`)
}

/** What could not be read may hold secrets and prompts: its size goes out, its bytes stay here. */
function withoutBytes({ bytes, ...record }: Quarantined): Omit<Quarantined, 'bytes'> & { readonly size: number } {
  return { ...record, size: bytes.byteLength }
}

function route(method: Method, path: string, handle: Route['handle']): Route {
  return { method, path, access: 'api', handle }
}
