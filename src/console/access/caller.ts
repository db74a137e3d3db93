import type { Session } from './sessions.ts'

/** Who asks, as far as is known. */
export type Caller =
  | { readonly kind: 'nobody' }
  /** A program on this machine, not through a proxy. */
  | { readonly kind: 'local' }
  /** With the token; `by` is the name it gives itself, for the audit log. */
  | { readonly kind: 'program'; readonly by: string }
  | { readonly kind: 'browser'; readonly by: string; readonly session: Session }

/** The name under which a change is audited. */
export function nameOf(caller: Caller): string {
  return caller.kind === 'program' || caller.kind === 'browser' ? caller.by : 'console'
}
