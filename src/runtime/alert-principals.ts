import type { Alert } from '../contract/alert.ts'

/** An alert, or what is known of one. */
export interface Naming {
  readonly principal?: Alert['principal'] | undefined
  readonly principals?: Alert['principals'] | undefined
}

/** Everyone who had a finding in an alert, in the order they came: one, several, or nobody. */
export function principalsOf({ principal, principals }: Naming): readonly string[] {
  return principals ?? (principal === undefined ? [] : [principal])
}
