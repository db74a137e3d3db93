import type { Random } from '../../../../src/contract/plugin.ts'

/** What random personal data is drawn with: everything from one seeded generator. */
export class Draw {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.#random.next() * (high - low + 1))
  }

  pick<T>(from: readonly T[]): T {
    const found = from[this.whole(0, from.length - 1)]
    if (found === undefined) throw new Error('nothing to pick from')
    return found
  }

  /** `count` characters of `alphabet`. */
  of(alphabet: string, count: number): string {
    return Array.from({ length: count }, () => alphabet[this.whole(0, alphabet.length - 1)] ?? '').join('')
  }

  digits(count: number): string {
    return this.of('0123456789', count)
  }

  /** Year, month and day of two digits each, of someone alive: four digits for the year where `longYear`. */
  birthday(): { readonly year: string; readonly month: string; readonly day: string } {
    return {
      year: String(this.whole(1930, 2009)),
      month: padded(this.whole(1, 12), 2),
      day: padded(this.whole(1, 28), 2),
    }
  }
}

export function padded(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}

/** Digits in groups of these sizes, the last group with what is left. */
export function grouped(text: string, sizes: readonly number[], separator: string): string {
  const parts: string[] = []
  let at = 0
  for (const size of sizes) {
    parts.push(text.slice(at, at + size))
    at += size
  }
  return [...parts, text.slice(at)].filter((part) => part !== '').join(separator)
}
