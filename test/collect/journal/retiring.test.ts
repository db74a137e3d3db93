import { describe, expect, test, vi } from 'vitest'
import { localDisk } from '../../../src/collect/journal/disk.ts'
import { disk, entry, files, opened, refusal, reopened, texts } from './journals.ts'

describe('what is committed', () => {
  test('leaves the disk also when nothing more comes, and positions go on', async () => {
    const journal = await opened({ retireAfterMs: 20 })
    const end = await journal.append(entry('a secret prompt'))
    await journal.release(end)
    await vi.waitFor(async () => expect(await files()).toEqual([]))
    const next = await journal.append(entry('later'))
    expect(next).toBeGreaterThan(end)
    expect(await texts(journal, end)).toEqual(['later'])
    const again = await reopened(journal, { committed: end })
    expect(await texts(again, end)).toEqual(['later'])
  })

  test('leaves behind what the owner must find again', async () => {
    const checkpoint = () => entry('seen ids', { keys: true })
    const journal = await opened({ retireAfterMs: 20, checkpoint })
    const end = await journal.append(entry('a secret prompt'))
    await journal.release(end)
    await vi.waitFor(async () => expect(await texts(journal, end)).toEqual(['seen ids']))
    await vi.waitFor(async () => expect(await files()).toHaveLength(1))
    const found: string[] = []
    await reopened(journal, {
      committed: end,
      checkpoint,
      recovered: ({ body }) => found.push(Buffer.from(body).toString()),
    })
    expect(found).toEqual(['seen ids'])
  })

  test('stays while something after it is not', async () => {
    const journal = await opened({ retireAfterMs: 1 })
    const end = await journal.append(entry('one'))
    await journal.append(entry('two'))
    await journal.release(end)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(await texts(journal, end)).toEqual(['two'])
  })

  test('a full disk while giving up keeps all that was there', async () => {
    let isFull = false
    const small = disk({
      create: (path) => (isFull ? Promise.reject(refusal('ENOSPC')) : localDisk.create(path)),
    })
    const journal = await opened({ retireAfterMs: 5, disk: small, checkpoint: () => entry('ids') })
    const end = await journal.append(entry('one'))
    isFull = true
    await journal.release(end)
    await new Promise((resolve) => setTimeout(resolve, 40))
    isFull = false
    const next = await journal.append(entry('two'))
    await journal.release(end)
    expect(await texts(journal, end)).toContain('two')
    expect(next).toBeGreaterThan(end)
    expect(journal.failure).toBeUndefined()
  })
})
