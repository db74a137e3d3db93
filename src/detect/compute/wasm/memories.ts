import { Arena, type Piece } from './arena.ts'
import { Instance } from './instance.ts'
import type { Module } from './web-assembly.ts'

/** What references may take of one arena; the rest of its 2 GiB is for calls. */
const KEPT_IN_ARENA = 1.5 * 2 ** 30
/** What references may take in all, 9 GiB. */
const MAX_ARENAS = 6

/** The arenas of a device, with this thread's instance over each. */
export class Memories {
  readonly #module: Module
  readonly #arenas: Arena[] = []
  readonly #cores = new Map<Arena, Instance>()

  constructor(module: Module) {
    this.#module = module
  }

  get first(): Arena {
    return this.#arenas[0] ?? this.#add()
  }

  /** Bytes handed out, references and calls. */
  get used(): number {
    return this.#arenas.reduce((sum, arena) => sum + arena.used, 0)
  }

  instance(arena: Arena): Instance {
    const core = this.#cores.get(arena) ?? new Instance(this.#module, arena.memory)
    this.#cores.set(arena, core)
    return core
  }

  /** Room for references. Throws RangeError when there is none. */
  keep(bytes: number): Piece {
    for (const arena of [...this.#arenas, undefined]) {
      if (arena === undefined && this.#arenas.length === MAX_ARENAS) break
      const place = arena ?? this.#add()
      const piece = place.used + bytes <= KEPT_IN_ARENA ? place.take(bytes) : undefined
      if (piece) return piece
    }
    throw new RangeError(
      `no room for references of ${Math.ceil(bytes / 2 ** 20)} MiB: ${Math.ceil(this.used / 2 ** 20)} MiB are held, at most ${(MAX_ARENAS * KEPT_IN_ARENA) / 2 ** 20} MiB can be, ${KEPT_IN_ARENA / 2 ** 20} MiB in one piece`,
    )
  }

  #add(): Arena {
    const arena = new Arena(this.#arenas.length)
    this.#arenas.push(arena)
    return arena
  }
}

/** What one call takes of an arena, given back together. Throws RangeError when it is too much. */
export class Desk implements Disposable {
  readonly arena: Arena
  readonly core: Instance
  readonly #pieces: Piece[] = []

  constructor(memories: Memories, arena: Arena) {
    this.arena = arena
    this.core = memories.instance(arena)
  }

  /** The address of so many bytes, not cleared. */
  take(bytes: number): number {
    const piece = this.arena.take(bytes)
    if (!piece) throw new RangeError(`no room for a call that needs ${Math.ceil(bytes / 2 ** 20)} MiB more`)
    this.#pieces.push(piece)
    return piece.at
  }

  /** The address of a copy. */
  put(values: Float32Array): number {
    const at = this.take(values.length * 4)
    this.core.f32.set(values, at / 4)
    return at
  }

  [Symbol.dispose](): void {
    for (const piece of this.#pieces) piece.free()
  }
}
