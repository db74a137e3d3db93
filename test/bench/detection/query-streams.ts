import type { Random } from '../../../src/contract/plugin.ts'
import { imageOf, PIXELS, type Images } from '../../support/mnist.ts'
import type { Victim } from '../../support/victim.ts'
import { attack, type Oracle, type Query } from './attacks/attack.ts'
import { jbda } from './attacks/jbda.ts'
import { knockoff, knockoffByPhotographs, uniformNoise } from './attacks/knockoff.ts'
import { lineSearch } from './attacks/line-search.ts'
import { tRnd } from './attacks/t-rnd.ts'
import { readPhotographs } from './photographs.ts'

/** The victim knows the digits 0 to 5; the others are natural images that it was not made for. */
export const VICTIM_CLASSES = 6
const SEEDS_A_CLASS = 10

/** Where attackers take their images from, and who answers. */
export interface Attacked {
  readonly victim: Victim
  /** Of the victim's classes. */
  readonly own: Images
  /** Of all classes. */
  readonly all: Images
}

/** A folder of PNG files: there are none beside the project. */
const photographs = process.env['MODELWARD_PHOTOS']
const photos = photographs === undefined ? [] : readPhotographs(photographs)

type Run = (oracle: Oracle, world: Attacked, random: Random) => void

const runs: Readonly<Record<string, Run>> = {
  JbDA: (oracle, { own }, random) => jbda(oracle, seedsOf(own, random), random),
  'T-RND': (oracle, { own }, random) => tRnd(oracle, seedsOf(own, random), random),
  'line search': (oracle, _world, random) => lineSearch(oracle, random),
  'Knockoff, digits 6 to 9': (oracle, { all }, random) => knockoff(oracle, all, VICTIM_CLASSES, random),
  ...(photos.length === 0
    ? {}
    : {
        'Knockoff, photographs': (oracle: Oracle, _world: Attacked, random: Random) =>
          knockoffByPhotographs(oracle, photos, random),
      }),
  'uniform noise': (oracle, _world, random) => uniformNoise(oracle, random),
}

export const attackNames: readonly string[] = Object.keys(runs)

export function attackOf(name: string, world: Attacked, length: number, random: Random): readonly Query[] {
  return attack(world.victim, length, (oracle) => runs[name]?.(oracle, world, random))
}

/** Eight clients in ten send images of all classes at random, one those of one class, one of two. */
export function client(number: number, world: Attacked, length: number, random: Random): readonly Query[] {
  const kind = number % 10
  const labels = [random, random].map((each) => Math.floor(each.next() * VICTIM_CLASSES))
  const wanted = kind < 8 ? undefined : labels.slice(0, kind - 7)
  return Array.from({ length }, () => benignQuery(world, random, wanted))
}

/** `share` benign queries at random for each of the attack, which come in its order. */
export function* diluted(
  queries: readonly Query[],
  share: number,
  world: Attacked,
  random: Random,
): Generator<{ readonly query: Query; readonly isAttack: boolean }> {
  for (const query of queries) {
    const own = Math.floor(random.next() * (share + 1))
    for (let i = 0; i <= share; i++)
      yield i === own ? { query, isAttack: true } : { query: benignQuery(world, random), isAttack: false }
  }
}

/** The images that `keep` says yes to. */
export function some(images: Images, keep: (label: number, index: number) => boolean): Images {
  const kept = [...images.labels.keys()].filter((i) => keep(images.labels[i] ?? 0, i))
  const pixels = new Float32Array(kept.length * PIXELS)
  for (const [to, from] of kept.entries()) pixels.set(imageOf(images, from), to * PIXELS)
  return { count: kept.length, pixels, labels: Uint8Array.from(kept, (i) => images.labels[i] ?? 0) }
}

function benignQuery({ own, victim }: Attacked, random: Random, labels?: readonly number[]): Query {
  for (;;) {
    const at = Math.floor(random.next() * own.count)
    if (labels !== undefined && !labels.includes(own.labels[at] ?? -1)) continue
    const x = imageOf(own, at)
    return { x, answer: victim.classOf(x) }
  }
}

/** Ten images of each class, the classes in turn. */
function seedsOf(own: Images, random: Random): Float32Array[] {
  return Array.from({ length: SEEDS_A_CLASS * VICTIM_CLASSES }, (_, i) => {
    let at = Math.floor(random.next() * own.count)
    while (own.labels[at] !== i % VICTIM_CLASSES) at = Math.floor(random.next() * own.count)
    return imageOf(own, at)
  })
}
