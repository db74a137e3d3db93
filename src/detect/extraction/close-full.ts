/** A window under way, one of several sizes of one caller: a view on its row. */
export interface Level<Own> {
  readonly count: number
  /** Takes over what a full window of the size below holds. */
  addAll(below: Own): void
  clear(): void
}

export interface Levels<Own, Filled> {
  readonly sizes: readonly number[]
  readonly open: (level: number) => Own
  readonly tell: (full: Own, size: number) => Filled
  readonly touch: (level: number) => void
}

/** Tells the windows that the last request has filled, the smallest first: each goes into the next, and begins anew. */
export function closeFull<Own extends Level<Own>, Filled>(
  first: Own,
  { sizes, open, tell, touch }: Levels<Own, Filled>,
): Filled[] {
  const filled: Filled[] = []
  let full: Own | undefined = first
  for (const [level, size] of sizes.entries()) {
    if (!full || full.count < size) break
    filled.push(tell(full, size))
    const next: Own | undefined = level + 1 < sizes.length ? open(level + 1) : undefined
    if (next) {
      next.addAll(full)
      touch(level + 1)
    }
    full.clear()
    touch(level)
    full = next
  }
  return filled
}
