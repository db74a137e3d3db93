import { hash } from 'node:crypto'
import type { StateChange } from '../../contract/detect.ts'
import { SingleRow } from '../state/single-row.ts'
import type { Row } from '../state/keyed-rows.ts'
import type { Direction } from './leak.ts'

/** Fingerprints of secrets that are remembered for each principal. */
const REMEMBERED = 24
const COUNT = 1
const FIRST = 2
export const SECTION = { name: 'told.1', bytes: (FIRST + REMEMBERED) * 8 } as const

/** Notes a secret of a principal; true when it was noted before and not pushed out by 24 others. */
export function isKnown(row: Row, fingerprint: number): boolean {
  const { numbers } = row
  for (let i = FIRST; i < FIRST + REMEMBERED; i++) if (numbers[i] === fingerprint) return true
  const count = numbers[COUNT] ?? 0
  numbers[FIRST + (count % REMEMBERED)] = fingerprint
  numbers[COUNT] = count + 1
  return false
}

/** How many quiet texts the fleet has shown in either direction, and how many of them held a hit of each rule. */
export class QuietTexts {
  readonly #row: SingleRow
  readonly #places: ReadonlyMap<string, number>

  /** Other rules, another memory: what was learned with an older pack is forgotten. */
  constructor(rules: readonly string[]) {
    this.#places = new Map(rules.map((rule, at) => [rule, 2 + 2 * at]))
    const version = hash('sha256', rules.join('\n')).slice(0, 12)
    this.#row = new SingleRow(`quiet.1.${version}`, 2 + 2 * rules.length)
  }

  /** One quiet text with hits of these rules. */
  note(direction: Direction, rules: Iterable<string>): void {
    this.#add(sideOf(direction))
    for (const rule of rules) {
      const place = this.#places.get(rule)
      if (place !== undefined) this.#add(place + sideOf(direction))
    }
    this.#row.touch()
  }

  texts(direction: Direction): number {
    return this.#row.numbers[sideOf(direction)] ?? 0
  }

  hits(direction: Direction, rule: string): number {
    return this.#row.numbers[(this.#places.get(rule) ?? Number.NaN) + sideOf(direction)] ?? 0
  }

  changes(): StateChange[] {
    return this.#row.changes()
  }
  clear(): void {
    this.#row.clear()
  }
  restore(change: StateChange): boolean {
    return this.#row.restore(change)
  }

  #add(at: number): void {
    this.#row.numbers[at] = (this.#row.numbers[at] ?? 0) + 1
  }
}

function sideOf(direction: Direction): number {
  return direction === 'prompt' ? 0 : 1
}
