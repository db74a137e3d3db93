import type { Alert, Silence } from '../../contract/alert.ts'
import type { Desk } from '../../contract/desk.ts'
import type { Plan } from '../../contract/respond.ts'
import { notFound } from '../http/request-error.ts'

/** The alert of that id. Throws RequestError 404. */
export function alertOf(desk: Desk, id: string): Alert {
  const alert = desk.alert(id)
  if (!alert) throw notFound(`there is no alert ${id}; GET /api/v1/alerts lists them`)
  return alert
}

/** The plan of that id. Throws RequestError 404. */
export function planOf(desk: Desk, id: string): Plan {
  const plan = desk.plans().find((each) => each.id === id)
  if (!plan) throw notFound(`there is no plan ${id}; GET /api/v1/plans lists them`)
  return plan
}

/** The silence of that id. Throws RequestError 404. */
export function silenceOf(desk: Desk, id: string): Silence {
  const silence = desk.silences().find((each) => each.id === id)
  if (!silence) throw notFound(`there is no silence ${id}; GET /api/v1/silences lists them`)
  return silence
}
