import type { Desk } from '../contract/desk.ts'
import { text } from './http/answer.ts'
import type { Route } from './routing/router.ts'

/** For orchestrators and Prometheus. */
export function healthRoutes(desk: Desk): readonly Route[] {
  return [
    { method: 'GET', path: '/-/healthy', access: 'open', handle: () => text(200, 'healthy\n') },
    {
      method: 'GET',
      path: '/-/ready',
      access: 'open',
      handle: () => {
        const { ready, degraded } = desk.status()
        const reasons = ready || degraded.length > 0 ? degraded : ['no source reads yet']
        const lines = [ready ? 'ready' : 'not ready', ...reasons.map((reason) => `- ${reason}`)]
        return text(ready ? 200 : 503, `${lines.join('\n')}\n`)
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      access: 'local',
      handle: async () =>
        text(200, await desk.metrics(), { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
    },
  ]
}
