import type { Notification } from './alert.ts'

/** What became of one notification at one receiver. Only `retry` keeps it; `park` puts it aside with its reason. */
export type Outcome =
  | { readonly done: true; readonly duplicate?: boolean }
  | { readonly retry: string; readonly afterMs?: number }
  | { readonly park: string }

/** alerts -> one receiver. It classifies and never waits or tries again: the act loop does, the same way for all. */
export interface Sink extends AsyncDisposable {
  /** One outcome for each notification, in order. A throw means: none of them, try all again later. */
  send(notifications: readonly Notification[], signal: AbortSignal): Promise<readonly Outcome[]>
}

/** A notification waiting for its receivers; `seq` orders them. */
export interface OutboxRow {
  readonly seq: number
  readonly notification: Notification
}

/** A notification that a receiver will not take, kept with the reason until somebody looks. */
export interface ParkedRow {
  readonly consumer: string
  readonly seq: number
  readonly at: number
  readonly reason: string
  readonly notification: Notification
}
