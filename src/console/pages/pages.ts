import type { Desk } from '../../contract/desk.ts'
import type { Clock } from '../../contract/plugin.ts'
import type { Guard } from '../access/guard.ts'
import { iconAnswer } from '../markup/document.ts'
import type { Route } from '../routing/router.ts'
import { entranceRoutes } from './entrance.ts'

export interface PageParts {
  readonly desk: Desk
  readonly clock: Clock
  readonly guard: Guard
}

/** All pages. */
export function pageRoutes({ guard }: PageParts): readonly Route[] {
  return [...entranceRoutes(guard), { method: 'GET', path: '/icon.svg', access: 'open', handle: iconAnswer }]
}
