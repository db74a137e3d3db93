import { parentPort } from 'node:worker_threads'
import { Instance } from './instance.ts'
import { execute, type Task } from './tasks.ts'
import type { Memory, Module } from './web-assembly.ts'

/** One task for a thread, with what it works in; the answer is an `Answer`. */
export interface Order {
  readonly module: Module
  readonly arena: number
  readonly memory: Memory
  readonly task: Task
}

/** Undefined when done, else why not. */
export type Answer = { readonly failure: string | undefined }

const cores = new Map<number, Instance>()

parentPort?.on('message', ({ module, arena, memory, task }: Order) => {
  let failure: string | undefined
  try {
    const core = cores.get(arena) ?? new Instance(module, memory)
    cores.set(arena, core)
    core.refresh()
    execute(core, task)
  } catch (error) {
    failure = String(error)
  }
  parentPort?.postMessage({ failure } satisfies Answer)
})
