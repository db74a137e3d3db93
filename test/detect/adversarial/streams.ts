import type { Detector, Score } from '../../../src/contract/detect.ts'
import type { Event } from '../../../src/contract/event.ts'
import type { Random } from '../../../src/contract/plugin.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { event } from '../../support/events.ts'
import { MONDAY } from '../traffic.ts'

export const LENGTH = 48
/** Directions in which natural inputs differ: fewer than they have numbers, as of images. */
const NATURAL = 8

export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}

/** Noise in all directions, of this size in each. */
export function noise(random: Random, size: number): Float32Array {
  const found = new Float32Array(LENGTH)
  for (let i = 0; i < LENGTH; i++) found[i] = size * normal(random)
  return found
}

export function plus(a: Float32Array, b: Float32Array, times = 1): Float32Array {
  return a.map((value, i) => value + times * (b[i] ?? 0))
}

const basis = (() => {
  const random = seededRandom(4711)
  return Array.from({ length: NATURAL }, () => noise(random, 1))
})()

/** A natural input, at random. */
export function natural(random: Random): Float32Array {
  const x = noise(random, 0.02)
  for (const direction of basis) {
    const share = normal(random)
    for (let i = 0; i < LENGTH; i++) x[i] = (x[i] ?? 0) + share * (direction[i] ?? 0)
  }
  return x
}

function request(principal: string, second: number, features: Float32Array, output?: string): Event {
  const inference = output === undefined ? { features } : { features, output }
  return event({ at: MONDAY + second * 1_000, principal, inference })
}

/** Requests of one principal, a second apart; the answer is made from the input unless it is given. */
export function requestsOf(
  principal: string,
  count: number,
  input: (i: number) => Float32Array,
  answer: (i: number, x: Float32Array) => string | undefined = (_i, x) => classOf(x),
): Event[] {
  return Array.from({ length: count }, (_, i) => {
    const x = input(i)
    return request(principal, i, x, answer(i, x))
  })
}

/** Ordinary callers in turn. */
export function ordinary(random: Random, principals: number, each: number, prefix = 'key:'): Event[] {
  return Array.from({ length: each }, (_, i) =>
    Array.from({ length: principals }, (__, p) => {
      const x = natural(random)
      return request(`${prefix}${p}`, i, x, classOf(x))
    }),
  ).flat()
}

/** NES: pairs around one input that moves a little after each ten of them. */
export function antithetic(random: Random, sigma: number): (i: number) => Float32Array {
  let at = natural(random)
  let u = noise(random, 1)
  return (i) => {
    if (i % 20 === 0) at = plus(at, noise(random, 1).map(Math.sign), sigma)
    if (i % 2 === 0) u = noise(random, 1)
    return plus(at, u, i % 2 === 0 ? sigma : -sigma)
  }
}

/** Points around one that does not move: a camera, or an estimate of the boundary's normal. */
export function cloud(random: Random, size: number): () => Float32Array {
  const at = natural(random)
  return () => plus(at, noise(random, size))
}

/** Scores events and learns those that raise nothing under `alert`. */
export function watch(detector: Detector, events: readonly Event[], alert = 1e-3): Score[] {
  return events.flatMap((each) => {
    const scores = detector.score(each)
    if (!scores.some(({ p }) => p !== null && p <= alert)) detector.learn(each)
    return scores
  })
}

/** Bytes that a detector stores after each event, the least first. */
export function bytesStored(detector: Detector, events: readonly Event[]): number[] {
  const bytes = events.map((each) => {
    detector.score(each)
    detector.learn(each)
    return detector.changes().reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
  })
  return bytes.toSorted((a, b) => a - b)
}

/** A vector of 784 numbers in no direction of its own. */
export function image(random: Random): Float32Array {
  return Float32Array.from({ length: 784 }, () => normal(random))
}

export function smallestP(scores: readonly Score[]): number {
  return Math.min(1, ...scores.map(({ p }) => p ?? 1))
}

/** One of four classes, by two of the numbers. */
function classOf(x: Float32Array): string {
  return `${(x[0] ?? 0) > 0}${(x[1] ?? 0) > 0}`
}
