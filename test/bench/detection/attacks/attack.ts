import type { Random } from '../../../../src/contract/plugin.ts'
import type { Victim } from '../../../support/victim.ts'
import { normal } from '../../../support/victim.ts'

/** One query of an attack, and what the victim answered: the probabilities of the classes. */
export interface Query {
  readonly x: Float32Array
  readonly answer: number
}

/** Thrown by a spent oracle; `attack` catches it. */
class Spent extends Error {}

/** What an attacker sees of its victim, every look on the record. */
export class Oracle {
  readonly queries: Query[] = []
  readonly #victim: Victim
  readonly #budget: number

  constructor(victim: Victim, budget: number) {
    this.#victim = victim
    this.#budget = budget
  }

  /** Probabilities of the classes. */
  scores(x: Float32Array): Float32Array {
    if (this.queries.length >= this.#budget) throw new Spent()
    const scores = this.#victim.predict(x)
    this.queries.push({ x: x.slice(), answer: scores.indexOf(Math.max(...scores)) })
    return scores
  }

  /** The class alone. */
  label(x: Float32Array): number {
    this.scores(x)
    return this.queries.at(-1)?.answer ?? -1
  }
}

/** Runs an attack until it ends or its queries are spent; its queries in order. */
export function attack(victim: Victim, budget: number, run: (oracle: Oracle) => void): readonly Query[] {
  const oracle = new Oracle(victim, budget)
  try {
    run(oracle)
  } catch (error) {
    if (!(error instanceof Spent)) throw error
  }
  return oracle.queries
}

/** Each pixel of `at` plus `scale` times that of `direction`, held to [0, 1]. */
export function moved(at: Float32Array, direction: ArrayLike<number>, scale: number): Float32Array {
  return at.map((value, i) => Math.min(1, Math.max(0, value + scale * (direction[i] ?? 0))))
}

/** The way from `from` to `to`, `share` of it. */
export function between(from: Float32Array, to: Float32Array, share: number): Float32Array {
  return from.map((value, i) => value + share * ((to[i] ?? 0) - value))
}

export function gaussian(length: number, random: Random): Float32Array {
  return Float32Array.from({ length }, () => normal(random))
}

export function distance(a: Float32Array, b: Float32Array): number {
  let square = 0
  for (let i = 0; i < a.length; i++) square += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2
  return Math.sqrt(square)
}

export function unit(vector: Float32Array): Float32Array {
  let square = 0
  for (const value of vector) square += value * value
  const length = Math.sqrt(square) || 1
  return vector.map((value) => value / length)
}

/** A point of another class than `label`: uniform noise until one is found, as the papers begin; then `fallback`. */
export function startingPoint(
  oracle: Oracle,
  label: number,
  size: number,
  random: Random,
  fallback: Float32Array,
): Float32Array {
  for (let attempt = 0; attempt < 20; attempt++) {
    const noise = Float32Array.from({ length: size }, () => random.next())
    if (oracle.label(noise) !== label) return noise
  }
  return fallback
}
