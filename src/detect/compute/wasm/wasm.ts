import { availableParallelism } from 'node:os'
import type {
  ColumnDistances,
  Features,
  FourierPlan,
  Held,
  Kernels,
  Layer,
  Matrix,
  Moments,
  Neighbours,
  PermutationResult,
  PermutationTest,
  TrainPlan,
} from '../../../contract/compute.ts'
import type { Given } from '../../../contract/plugin.ts'
import { RefusedError } from '../../../runtime/errors.ts'
import * as shapes from '../plan/shapes.ts'
import type { Arena } from './arena.ts'
import { distanceColumns } from './call-columns.ts'
import { scoreRows } from './call-layers.ts'
import { momentsOf } from './call-moments.ts'
import { findNearest } from './call-nearest.ts'
import { permute } from './call-permute.ts'
import { transformRows } from './call-rff.ts'
import { trainLayers } from './call-train.ts'
import { Desk, Memories } from './memories.ts'
import { moduleBytes, probeBytes } from './module.ts'
import { Pool } from './pool.ts'
import { WasmHeld } from './held.ts'
import type { Task } from './tasks.ts'
import type { Module } from './web-assembly.ts'

/** Threads beyond the main one unless asked otherwise. */
const MOST_THREADS = 4
/** Multiply-adds from which a call goes to the threads: about 1 ms of one core, where handing it over costs 50 µs. */
const LARGE = 2 ** 25

export interface WasmOptions {
  /** Worker threads for large calls; 0 does all on this thread. Default: as many as cores, at most 4. */
  readonly threads?: number
  /** False leaves relaxed SIMD out where the machine has it. */
  readonly fused?: boolean
  /** Largest piece of held references, in bytes; for tests. */
  readonly shardBytes?: number
}

/**
 * The kernels in WebAssembly that is assembled at start: SIMD, with fused multiply-add where the machine has relaxed SIMD.
 * Large calls run on threads over shared memory, one after another; small ones at once on this thread.
 */
export async function openWasm(given: Pick<Given, 'log'>, options: WasmOptions = {}): Promise<WasmKernels> {
  const { fused = true, threads = Math.min(availableParallelism(), MOST_THREADS) } = options
  const variant = [fused, false].find((candidate) => compiled(candidate) !== undefined)
  const module = variant === undefined ? undefined : compiled(variant)
  if (!module)
    throw new RefusedError('this Node runs no WebAssembly SIMD: use Node 24.15 or later, or compute.device ref')
  return new WasmKernels(module, variant === true, threads, given, options.shardBytes)
}

const modules = new Map<boolean, Module | undefined>()

/** Once a process; undefined where the machine does not have what the variant needs. */
function compiled(fused: boolean): Module | undefined {
  if (!modules.has(fused)) {
    const bytes = moduleBytes(fused)
    const runs = WebAssembly.validate(bytes) && (!fused || roundsOnce())
    modules.set(fused, runs ? new WebAssembly.Module(bytes) : undefined)
  }
  return modules.get(fused)
}

/** Relaxed multiply-add may round the product too, where the machine has no better: 1 + 2^-12 squared shows it. */
function roundsOnce(): boolean {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })
  const values = new Float32Array(memory.buffer)
  values.fill(1 + 2 ** -12, 0, 8)
  values.fill(-1 - 2 ** -11, 8, 12)
  const { probe } = new WebAssembly.Instance(new WebAssembly.Module(probeBytes()), { env: { memory } }).exports
  if (typeof probe === 'function') probe()
  return values[0] === 2 ** -24
}

/** How a call does its work. */
export interface Caller {
  readonly threads: number
  /** Calls `use` with room in the arena, the first by default; `work` in multiply-adds says whether threads are worth it. */
  work<T>(work: number, use: (bench: Bench) => Promise<T>, arena?: Arena): Promise<T>
}

export interface Bench {
  readonly desk: Desk
  /** Into how many parts the work is best cut. */
  readonly parts: number
  readonly run: (tasks: readonly Task[]) => Promise<void>
}

export class WasmKernels implements Kernels, Caller {
  readonly device = 'wasm'
  readonly threads: number
  readonly fused: boolean
  readonly #memories: Memories
  readonly #pool: Pool
  readonly #shardBytes: number | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(module: Module, fused: boolean, threads: number, { log }: Pick<Given, 'log'>, shardBytes?: number) {
    this.threads = threads
    this.fused = fused
    this.#memories = new Memories(module)
    this.#pool = new Pool(module, this.#memories, threads, log)
    this.#shardBytes = shardBytes
  }

  /** For people. */
  get what(): string {
    return `WebAssembly SIMD ${this.fused ? 'with' : 'without'} fused multiply-add, ${this.threads} threads`
  }

  /** Bytes that references and running calls take. */
  get used(): number {
    return this.#memories.used
  }

  async hold(references: Matrix): Promise<Held> {
    shapes.checkMatrix(references, 'references')
    return new WasmHeld(this.#memories, references, this.#shardBytes)
  }

  async topK(queries: Matrix, references: Held, k: number): Promise<Neighbours> {
    shapes.checkTopK(queries, references, k)
    const held = heldHere(references)
    return held.during(() => findNearest(this, queries, held, k))
  }

  async rff(inputs: Matrix, plan: FourierPlan, into?: Int8Array): Promise<Features> {
    shapes.checkFourier(inputs, plan, into)
    return transformRows(this, inputs, plan, into)
  }

  async mmdPermute(test: PermutationTest): Promise<PermutationResult> {
    shapes.checkPermutation(test)
    return permute(this, test)
  }

  async ksPsi(reference: Held, current: Matrix): Promise<ColumnDistances> {
    shapes.checkColumnPair(reference, current)
    const held = heldHere(reference)
    return held.during(() => distanceColumns(this, held, current))
  }

  async mlpScore(inputs: Matrix, layers: readonly Layer[]): Promise<Float32Array> {
    shapes.checkLayers(inputs, layers)
    return scoreRows(this, inputs, layers)
  }

  async mlpTrain(samples: Matrix, start: readonly Layer[], plan: TrainPlan): Promise<readonly Layer[]> {
    shapes.checkTraining(samples, start, plan)
    return trainLayers(this, samples, start, plan)
  }

  async moments(inputs: Matrix): Promise<Moments> {
    shapes.checkMoments(inputs)
    return momentsOf(this, inputs)
  }

  async work<T>(work: number, use: (bench: Bench) => Promise<T>, arena: Arena = this.#memories.first): Promise<T> {
    if (work < LARGE || !this.#pool.spreads) return this.#work(arena, false, use)
    const before = this.#last
    const mine = (async (): Promise<T> => {
      await before
      return this.#work(arena, true, use)
    })()
    this.#last = mine.catch(() => {})
    return mine
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]()
  }

  async #work<T>(arena: Arena, spread: boolean, use: (bench: Bench) => Promise<T>): Promise<T> {
    using desk = new Desk(this.#memories, arena)
    const run = (tasks: readonly Task[]): Promise<void> => this.#pool.run(arena, tasks, spread)
    return await use({ desk, parts: spread ? this.#pool.threads : 1, run })
  }
}

function heldHere(held: Held): WasmHeld {
  if (!(held instanceof WasmHeld)) throw new RangeError('these references are held by another device')
  return held
}
