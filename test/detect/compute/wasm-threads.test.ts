import { expect, test } from 'vitest'
import { Arena } from '../../../src/detect/compute/wasm/arena.ts'
import { Memories } from '../../../src/detect/compute/wasm/memories.ts'
import { moduleBytes } from '../../../src/detect/compute/wasm/module.ts'
import { Pool } from '../../../src/detect/compute/wasm/pool.ts'
import { silentLog } from '../../../src/runtime/log.ts'

test('what a failing thread leaves behind is done on the main thread, and all after it', async () => {
  const memories = new Memories(new WebAssembly.Module(moduleBytes(false)))
  const warnings: unknown[] = []
  const log = { ...silentLog, warn: (message: string, fields: unknown) => warnings.push([message, fields]) }
  // A thread cannot make an instance of what is no module.
  await using pool = new Pool({ [Symbol.toStringTag]: 'WebAssembly.Module' }, memories, 1, log)
  const arena = memories.first
  const at = arena.take(64)?.at ?? NaN
  const { f32 } = memories.instance(arena)
  f32.set([3, 1, 2], at / 4)
  const tasks = [{ kind: 'sort', references: 3, from: 0, to: 1, sorted: at } as const]
  await pool.run(arena, tasks, true)
  expect([...f32.subarray(at / 4, at / 4 + 4)]).toEqual([1, 2, 3, NaN])
  expect(warnings).toEqual([
    ['a compute thread failed; its work is done on the main thread', { reason: expect.stringContaining('TypeError') }],
  ])
  expect(pool.spreads).toBe(false)
})

test('an arena joins what is given back, whatever the order', () => {
  const arena = new Arena(0)
  const first = arena.take(1000)
  const pieces = [100, 5000, 64, 70_000].map((bytes) => arena.take(bytes))
  expect(new Set(pieces.map((piece) => piece?.at)).size).toBe(4)
  for (const index of [2, 0, 3, 1]) pieces[index]?.free()
  pieces[1]?.free()
  expect(arena.used).toBe(1024)
  const again = arena.take(70_000)
  expect(again?.at).toBe((first?.at ?? NaN) + 1024)
  expect(arena.take(2 ** 31)).toBeUndefined()
})
