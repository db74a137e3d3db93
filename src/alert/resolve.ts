interface Lasting {
  readonly rule: { readonly resolveAfterMs?: number }
  readonly lastAt: number
  readonly seenAt: number
}

/** When an alert ends if nothing more is found: its rule's or the config's `resolve_after` after its last timely finding. */
export function resolvesAt(alert: Lasting, resolveAfterMs: number): number {
  return alert.seenAt + (alert.rule.resolveAfterMs ?? resolveAfterMs)
}

/**
 * True for an event older than what the alert has already seen: it counts, but says nothing about the present. An
 * event time ahead of the daemon's own clock is not believed, so that one such event cannot make all others late.
 */
export function isLate(alert: Omit<Lasting, 'rule'>, eventAt: number): boolean {
  return eventAt < Math.min(alert.lastAt, alert.seenAt)
}
