import { availableParallelism } from 'node:os'
import type { Kernels } from '../contract/compute.ts'
import type { Detector, DetectorContext } from '../contract/detect.ts'
import type { Store } from '../contract/store.ts'
import { devicesWith } from '../detect/compute/devices.ts'
import { openCompute } from '../detect/compute/open.ts'
import { Fusion } from '../detect/fusion/fusion.ts'
import { ReadAhead } from '../detect/reading/read-ahead.ts'
import type { Pseudonyms } from '../normalize/principal/pseudonyms.ts'
import type { Lifetime } from '../runtime/lifetime.ts'
import type { Config } from './config/load.ts'
import { EVIDENCE_STATE, type NamedDetector } from './watch.ts'
import { givenFor, type World } from './wiring.ts'

/** Threads that read texts, unless the config says how many: one reads faster than the main thread scores. */
const TEXT_THREADS = 1

/** What detectors know beside their state: references that were frozen, and the key their salts are made with. */
export interface DetectorMemory {
  readonly references: ReadonlyMap<string, Uint8Array>
  readonly pseudonyms: Pseudonyms
}

/** events -> scores -> evidence, on one compute device. */
export interface Detection {
  readonly compute: Kernels
  readonly detectors: readonly NamedDetector[]
  readonly evidence: Fusion
  readonly reading: ReadAhead
}

/** The device of the config, detectors and evidence as they were at the last commit. */
export async function openDetection(
  config: Config,
  store: Pick<Store, 'states'>,
  world: World,
  memory: DetectorMemory,
  life: Lifetime,
): Promise<Detection> {
  const compute = await openDevice(config, world, life)
  const opened: NamedDetector[] = []
  for (const { name, plugin, config: own } of config.detectors) {
    const detector: Detector = await plugin.open(own, detectorContext(name, world, compute, memory))
    opened.push({ name, detector: life.add(`detector ${name}`, detector) })
    detector.restore(store.states(name))
  }
  const evidence = new Fusion(config.budget)
  evidence.restore(store.states(EVIDENCE_STATE))
  return { compute, detectors: opened, evidence, reading: openReading(config, world, memory, life) }
}

function openReading(
  config: Config,
  world: World,
  { references, pseudonyms }: DetectorMemory,
  life: Lifetime,
): ReadAhead {
  const threads = config.shape.compute.textThreads ?? Math.min(availableParallelism() - 1, TEXT_THREADS)
  const listed = config.detectors.map((entry) => ({
    ...entry,
    key: keyFor(entry.name, pseudonyms),
    reference: references.get(entry.name),
  }))
  return life.add('reading of texts', ReadAhead.open(listed, threads, givenFor(world, 'reading')))
}

export async function openDevice(config: Config, world: World, life: Lifetime): Promise<Kernels> {
  const { device, tfjsFolder } = config.shape.compute
  return life.add('compute', await openCompute(device, givenFor(world, 'compute'), devicesWith(tfjsFolder)))
}

/** What one detector, or the maker of its reference, may use. */
export function detectorContext(
  name: string,
  world: World,
  compute: Kernels,
  { references, pseudonyms }: DetectorMemory,
): DetectorContext {
  return {
    ...givenFor(world, name),
    compute,
    reference: references.get(name),
    key: keyFor(name, pseudonyms),
  }
}

function keyFor(name: string, pseudonyms: Pseudonyms): Uint8Array {
  return pseudonyms.derive(`detector ${name}`)
}
