import type { Case } from '../bench.ts'

/** Standard normal quantile of a two-sided interval of 95 %. */
const Z = 1.959964

/** A row of a table that nothing is in yet. */
export function row(bench: string, name: string): Case {
  return { bench, case: name, value: null, unit: '', runs: 1, peer: null, ratio: null }
}

/** A share in percent, with counts and Wilson's interval (1927, 95 %) in its name. */
export function share(bench: string, name: string, part: number, whole: number): Case {
  const [low, high] = wilson(part, whole)
  const interval = `${part} of ${whole}, 95 % ${(100 * low).toFixed(2)}–${(100 * high).toFixed(2)}`
  return { ...row(bench, `${name} (${interval})`), value: (100 * part) / whole, unit: '%' }
}

function wilson(part: number, whole: number): readonly [number, number] {
  const rate = part / whole
  const centre = rate + Z ** 2 / (2 * whole)
  const half = Z * Math.sqrt((rate * (1 - rate)) / whole + Z ** 2 / (4 * whole ** 2))
  const norm = 1 + Z ** 2 / whole
  return [Math.max(0, (centre - half) / norm), Math.min(1, (centre + half) / norm)]
}
