import { redirect } from '../http/answer.ts'
import { alertOf, planOf, silenceOf } from '../api/lookup.ts'
import { nameOf } from '../access/caller.ts'
import { badInput } from '../http/request-error.ts'
import { iconAnswer } from '../markup/document.ts'
import type { Route } from '../routing/router.ts'
import { matchersOf, silenceRequest } from './alert-aside.ts'
import { alertList } from './alert-list.ts'
import { alertPage } from './alert-page.ts'
import { entranceRoutes, localPath } from './entrance.ts'
import { playbooksPage } from './playbooks.ts'
import { type PageParts, formRoute, pageRoute, sessionOf } from './shell.ts'
import { silencesPage, writtenMatchers } from './silences.ts'
import { sourcesPage } from './sources.ts'

/** All pages, and the forms on them. */
export function pageRoutes(parts: PageParts): readonly Route[] {
  return [
    { method: 'GET', path: '/icon.svg', access: 'open', handle: iconAnswer },
    ...entranceRoutes(parts.guard),
    pageRoute('/', (ask) => alertList(parts, ask)),
    pageRoute('/alerts', ({ query }) => redirect(`/?${query.toString()}`)),
    pageRoute('/alerts/:id', (ask) => alertPage(parts, ask)),
    pageRoute('/playbooks', (ask) => playbooksPage(parts, ask)),
    pageRoute('/sources', (ask) => sourcesPage(parts, ask)),
    pageRoute('/silences', (ask) => silencesPage(parts, ask)),
    ...alertForms(parts),
    ...planForms(parts),
    ...otherForms(parts),
  ]
}

function alertForms({ desk, clock }: PageParts): readonly Route[] {
  const back = (id: string, done: string): string => `/alerts/${encodeURIComponent(id)}?done=${done}`
  return [
    formRoute('/alerts/:id/ack', async (_, { part, caller }) => {
      const { id } = alertOf(desk, part('id'))
      await desk.acknowledge(id, nameOf(caller))
      return back(id, 'acknowledged')
    }),
    formRoute('/alerts/:id/resolve', async (_, { part, caller }) => {
      const { id } = alertOf(desk, part('id'))
      await desk.resolve(id, nameOf(caller))
      return back(id, 'resolved')
    }),
    formRoute('/alerts/:id/silence', async (form, { part, caller }) => {
      const alert = alertOf(desk, part('id'))
      await desk.silence(silenceRequest(form, matchersOf(alert, form), clock.now()), nameOf(caller))
      return back(alert.id, 'silenced')
    }),
    formRoute('/alerts/:id/plan', async (form, { part, caller }) => {
      const { id } = alertOf(desk, part('id'))
      const playbook = form.get('playbook') ?? ''
      if (!desk.playbooks().some((each) => each.id === playbook))
        throw badInput('playbook: choose one of those offered')
      const [plan] = await desk.plan(playbook, id, nameOf(caller))
      return `/playbooks?done=planned#${encodeURIComponent(plan?.id ?? 'waiting')}`
    }),
  ]
}

function planForms({ desk }: PageParts): readonly Route[] {
  const back = (id: string, done: string): string => `/playbooks?done=${done}#${encodeURIComponent(id)}`
  return [
    formRoute('/plans/:id/approve', async (form, { part, caller }) => {
      const { id } = planOf(desk, part('id'))
      const digest = form.get('digest') ?? ''
      if (digest === '') throw badInput('digest: tick the box that names the plan you have read')
      await desk.approve(id, digest, nameOf(caller))
      return back(id, 'approved')
    }),
    formRoute('/plans/:id/reject', async (_, { part, caller }) => {
      const { id } = planOf(desk, part('id'))
      await desk.reject(id, nameOf(caller))
      return back(id, 'rejected')
    }),
    formRoute('/plans/:id/revert', async (_, { part, caller }) => {
      const { id } = planOf(desk, part('id'))
      await desk.revert(id, nameOf(caller))
      return back(id, 'reverted')
    }),
  ]
}

function otherForms({ desk, clock, guard }: PageParts): readonly Route[] {
  return [
    formRoute('/silences', async (form, { caller }) => {
      const matchers = writtenMatchers(form.get('matchers') ?? '')
      await desk.silence(silenceRequest(form, matchers, clock.now()), nameOf(caller))
      return '/silences?done=silenced'
    }),
    formRoute('/silences/:id/expire', async (_, { part, caller }) => {
      await desk.expireSilence(silenceOf(desk, part('id')).id, nameOf(caller))
      return '/silences?done=expired'
    }),
    formRoute('/quarantine/replay', async (_, { caller }) => {
      await desk.replayQuarantine(nameOf(caller))
      return '/sources?done=replayed#quarantine'
    }),
    formRoute('/refresh', (form, ask) => {
      sessionOf(ask).refreshes = form.get('on') === '1'
      return localPath(form.get('back') ?? undefined)
    }),
    signOut({ guard }),
  ]
}

function signOut({ guard }: Pick<PageParts, 'guard'>): Route {
  const route = formRoute('/logout', () => '/login')
  return {
    ...route,
    handle: async (ask) => {
      const answer = await route.handle(ask)
      return { ...answer, headers: { ...answer.headers, 'set-cookie': guard.signOut(ask.request, sessionOf(ask)) } }
    },
  }
}
