import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LockedError } from '../../src/runtime/errors.ts'
import { freshDirectory, opened } from './opened.ts'
import { alert } from './sample.ts'

const here = import.meta.dirname
const modules = [join(here, '../../src/store/store.ts'), join(here, '../support/given.ts')]

/** Opens the store and says so, then stays until it is told to end. */
const holder = `
  const { openStore } = await import(process.argv[2])
  const { given } = await import(process.argv[3])
  const { clock, random, log } = given()
  try {
    const store = openStore({ directory: process.argv[1], clock, random, log })
    console.log('open')
    process.stdin.on('data', () => { store[Symbol.dispose](); process.exit(0) })
  } catch (error) {
    console.log(error.code + ' ' + error.message)
    process.exit(1)
  }`
const argumentsFor = (directory: string): string[] => ['--input-type=module', '-e', holder, directory, ...modules]

test('a second process is refused and told the pid of the first', () => {
  const directory = freshDirectory()
  opened(directory)
  const child = spawnSync(process.execPath, argumentsFor(directory), { encoding: 'utf8' })
  expect(child.stdout).toContain('MW_LOCKED')
  expect(child.stdout).toContain(`(pid ${process.pid})`)
  expect(child.status).toBe(1)
})

test('a second store in the same process is refused too', () => {
  const directory = freshDirectory()
  const store = opened(directory)
  expect(() => opened(directory)).toThrow(LockedError)
  expect(() => opened(directory)).toThrow(LockedError)
  store.commit({ alerts: [alert('a')] })
  store[Symbol.dispose]()
  expect(existsSync(join(directory, 'modelward.pid'))).toBe(false)
  expect(opened(directory).alerts({})).toHaveLength(1)
})

test('a holder that is killed leaves the directory free at once', async () => {
  const directory = freshDirectory()
  const child = spawn(process.execPath, argumentsFor(directory), { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  expect(() => opened(directory)).toThrow(`(pid ${child.pid})`)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(opened(directory).openedWith).toEqual([])
})

test('of several that start at once on a new directory exactly one opens, and the others know its pid', async () => {
  const directory = freshDirectory()
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, argumentsFor(directory), { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  const words = await Promise.all(
    children.map(async (child) => {
      const [said] = (await once(child.stdout, 'data')) as [Buffer]
      return { pid: child.pid, said: said.toString() }
    }),
  )
  for (const child of children) child.kill('SIGKILL')
  const winners = words.filter(({ said }) => said === 'open\n')
  expect(winners).toHaveLength(1)
  for (const { said } of words.filter((one) => one !== winners[0])) {
    expect(said).toContain('MW_LOCKED')
    expect(said).toContain(`(pid ${winners[0]?.pid})`)
  }
})
