import { Worker } from 'node:worker_threads'
import type { Log } from '../../../contract/plugin.ts'
import { reasonOf } from '../../../runtime/errors.ts'
import type { Arena } from './arena.ts'
import type { Memories } from './memories.ts'
import { execute, type Task } from './tasks.ts'
import type { Module } from './web-assembly.ts'
import type { Answer, Order } from './worker.ts'

interface Job {
  readonly order: Order
  done(): void
  failed(reason: Error): void
}

interface Thread {
  readonly worker: Worker
  job: Job | undefined
}

/**
 * Runs tasks: in this thread, or on up to `threads` workers, which start with the first call that is worth it. A worker
 * that fails leaves nothing behind: its task is done here instead, and from then on all tasks are.
 */
export class Pool {
  readonly threads: number
  readonly #module: Module
  readonly #log: Log
  readonly #memories: Memories
  readonly #idle: Thread[] = []
  readonly #all = new Set<Thread>()
  readonly #waiting: Job[] = []
  #broken = false

  constructor(module: Module, memories: Memories, threads: number, log: Log) {
    this.#module = module
    this.#memories = memories
    this.threads = threads
    this.#log = log
  }

  /** Whether tasks may go to workers. */
  get spreads(): boolean {
    return this.threads > 0 && !this.#broken
  }

  async run(arena: Arena, tasks: readonly Task[], spread: boolean): Promise<void> {
    if (!spread || !this.spreads) {
      for (const task of tasks) execute(this.#memories.instance(arena), task)
      return
    }
    await Promise.all(tasks.map((task) => this.#hand(arena, task)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const workers = [...this.#all].map(({ worker }) => worker)
    this.#broken = true
    this.#all.clear()
    await Promise.all(workers.map((worker) => worker.terminate()))
  }

  async #hand(arena: Arena, task: Task): Promise<void> {
    try {
      await new Promise<void>((done, failed) => {
        const order = { module: this.#module, arena: arena.id, memory: arena.memory, task }
        this.#waiting.push({ order, done, failed })
        this.#next()
      })
    } catch (error) {
      this.#log.warn('a compute thread failed; its work is done on the main thread', { reason: reasonOf(error) })
      execute(this.#memories.instance(arena), task)
    }
  }

  #next(): void {
    const job = this.#waiting[0]
    if (!job) return
    if (this.#broken) {
      for (const left of this.#waiting.splice(0)) left.failed(new Error('the threads have ended'))
      return
    }
    const thread = this.#idle.pop() ?? (this.#all.size < this.threads ? this.#start() : undefined)
    if (!thread) return
    this.#waiting.shift()
    thread.job = job
    thread.worker.ref()
    thread.worker.postMessage(job.order)
    this.#next()
  }

  #start(): Thread {
    const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'
    const worker = new Worker(new URL(file, import.meta.url), { name: 'modelward-compute' })
    const thread: Thread = { worker, job: undefined }
    this.#all.add(thread)
    worker.on('message', ({ failure }: Answer) => {
      const { job } = thread
      thread.job = undefined
      worker.unref()
      this.#idle.push(thread)
      if (failure === undefined) job?.done()
      else {
        this.#broken = true
        job?.failed(new Error(failure))
      }
      this.#next()
    })
    const ended = (reason: Error): void => {
      this.#broken = true
      this.#all.delete(thread)
      thread.job?.failed(reason)
      thread.job = undefined
      this.#next()
    }
    worker.on('error', ended)
    worker.on('exit', (code) => ended(new Error(`a compute thread ended with ${code}`)))
    return thread
  }
}
