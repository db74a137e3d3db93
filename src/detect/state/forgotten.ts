import type { Given } from '../../contract/plugin.ts'

/** Says that so many stored keys were of no known layout, or under another reference, and are forgotten. */
export function tellForgotten(unknown: number, { log, name }: Pick<Given, 'log' | 'name'>): void {
  if (unknown > 0) log.warn('detector state of another version or reference is forgotten', { part: name, unknown })
}
