import type { Random } from '../../../src/contract/plugin.ts'
import { imageOf, PIXELS, type Images } from '../../support/mnist.ts'
import { normal, type Victim } from '../../support/victim.ts'
import { attack, type Query } from './attacks/attack.ts'
import { boundary } from './attacks/boundary.ts'
import { hsja } from './attacks/hsja.ts'
import { nes } from './attacks/nes.ts'
import { square } from './attacks/square.ts'

/** Where clients take their images from, and who answers them. */
export interface World {
  readonly images: Images
  readonly victim: Victim
}

/** The queries of one client, in order. */
export type Client = (world: World, length: number, random: Random) => readonly Query[]

const BOUND = 0.3
const NES = { pairs: 10, stepSize: 0.02, bound: BOUND } as const

/** Attacks on an image that the victim knows, with its true answers. */
export const attackers: Readonly<Record<string, Client>> = {
  ...Object.fromEntries(
    [0.001, 0.003, 0.01, 0.03, 0.1, 0.3].map((sigma) => [
      `NES sigma ${sigma}`,
      against((oracle, x, label, random) => nes(oracle, x, label, random, { ...NES, sigma })),
    ]),
  ),
  HopSkipJump: against(hsja),
  'Square L-inf 0.3': against((oracle, x, label, random) => square(oracle, x, label, random, BOUND)),
  Boundary: against(boundary),
}

/** Clients who mean no harm. The first is what the reference is made of; the others are what is hard. */
export const benign: Readonly<Record<string, Client>> = {
  'images at random': (world, length, random) => times(length, () => answered(world, anyImage(world, random).x)),
  'one class only': (world, length, random) => {
    const label = Math.floor(random.next() * 10)
    return times(length, () => answered(world, anyImage(world, random, label).x))
  },
  'two classes': (world, length, random) => {
    const labels = [Math.floor(random.next() * 10), Math.floor(random.next() * 10)]
    return times(length, () => answered(world, anyImage(world, random, labels[Math.floor(2 * random.next())]).x))
  },
  'static camera, noise 0.005': (world, length, random) => camera(world, length, random, 0.005),
  'static camera, noise 0.02': (world, length, random) => camera(world, length, random, 0.02),
  'static camera, noise 0.1': (world, length, random) => camera(world, length, random, 0.1),
  'each image sent twice': (world, length, random) => {
    const once = times(Math.ceil(length / 2), () => answered(world, anyImage(world, random).x))
    return once.flatMap((query) => [query, query]).slice(0, length)
  },
  'retries, up to three later': (world, length, random) => retrying(world, length, random),
  'brightness slider': (world, length, random) => {
    const { x } = anyImage(world, random)
    return times(length, () => {
      const gain = random.next()
      return answered(
        world,
        x.map((value) => value * gain),
      )
    })
  },
  'sweep between two images': (world, length, random) => {
    const [from, to] = [anyImage(world, random).x, anyImage(world, random).x]
    return times(length, (i) => {
      const share = i / length
      return answered(
        world,
        from.map((value, k) => value + share * ((to[k] ?? 0) - value)),
      )
    })
  },
}

/** `share` benign images for each query of the attack, in random order; `length` attack queries in all. */
export function diluted(queries: readonly Query[], share: number, world: World, random: Random): readonly Query[] {
  return queries.flatMap((query) => {
    const block = [query, ...times(share, () => answered(world, anyImage(world, random).x))]
    const at = Math.floor(random.next() * block.length)
    return [...block.slice(1, at + 1), query, ...block.slice(at + 1)]
  })
}

type Run = (
  oracle: Parameters<typeof hsja>[0],
  x: Float32Array,
  label: number,
  random: Random,
  other: Float32Array,
) => void

function against(run: Run): Client {
  return (world, length, random) => {
    const target = known(world, random)
    const other = known(world, random, target.label)
    return attack(world.victim, length, (oracle) => run(oracle, target.x, target.label, random, other.x))
  }
}

/** An image that the victim classifies rightly, not of class `except`. */
function known(world: World, random: Random, except = -1): { readonly x: Float32Array; readonly label: number } {
  for (;;) {
    const found = anyImage(world, random)
    if (found.label !== except && world.victim.classOf(found.x) === found.label) return found
  }
}

function anyImage(
  { images }: World,
  random: Random,
  label?: number,
): { readonly x: Float32Array; readonly label: number } {
  for (;;) {
    const at = Math.floor(random.next() * images.count)
    const found = images.labels[at] ?? 0
    if (label === undefined || found === label) return { x: imageOf(images, at), label: found }
  }
}

function camera(world: World, length: number, random: Random, noise: number): readonly Query[] {
  const { x } = anyImage(world, random)
  return times(length, () =>
    answered(
      world,
      x.map((value) => Math.min(1, Math.max(0, value + noise * normal(random)))),
    ),
  )
}

/** One request in four is one of the last three again. */
function retrying(world: World, length: number, random: Random): readonly Query[] {
  const queries: Query[] = []
  while (queries.length < length) {
    const back = queries.at(-1 - Math.floor(random.next() * 3))
    queries.push(back && random.next() < 0.25 ? back : answered(world, anyImage(world, random).x))
  }
  return queries
}

function answered({ victim }: World, x: Float32Array): Query {
  if (x.length !== PIXELS) throw new RangeError(`an image has ${PIXELS} pixels, not ${x.length}`)
  return { x, answer: victim.classOf(x) }
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i))
}
