import type { Finder, Literal } from '../../../src/rules/index/literal.ts'

/** Whether a folded value holds a text, by looking for it alone. */
export function isIn(value: string, { text, start, end }: Omit<Literal, 'target'>): boolean {
  if (start && end) return value === text
  if (start) return value.startsWith(text)
  return end ? value.endsWith(text) : value.includes(text)
}

/** The targets that a finder tells of, each once and in order. */
export function foundBy(finder: Finder, value: string): number[] {
  const found = new Set<number>()
  finder.scan(value, { hit: (target) => void found.add(target) })
  return [...found].toSorted((a, b) => a - b)
}
