import { describe, expect, test } from 'vitest'
import { StoreError, StoreFullError } from '../../src/runtime/errors.ts'
import { fileFailureOf } from '../../src/store/failure.ts'

function sqlite(errcode: number): Error {
  return Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode })
}

describe('an error while the store is being opened', () => {
  const [IO_WRITE, IO_SHARED_MEMORY_SIZE, FULL, CORRUPT] = [10 | (3 << 8), 10 | (19 << 8), 13, 11]

  test.each([
    ['no room', Object.assign(new Error('x'), { code: 'ENOSPC' }), Infinity],
    ['no quota', Object.assign(new Error('x'), { code: 'EDQUOT' }), Infinity],
    ['SQLite says full', sqlite(FULL), Infinity],
    ['an I/O error with nothing free', sqlite(IO_WRITE), 0],
    [
      'shared memory that cannot grow, told by the connection',
      new StoreError('x', { cause: sqlite(IO_SHARED_MEMORY_SIZE) }),
      0,
    ],
  ])('%s is a full disk', (_, error, free) => {
    const failure = fileFailureOf(error, 'opening it', () => free)
    expect(failure).toBeInstanceOf(StoreFullError)
    expect(failure.message).toContain('opening it: the disk is full')
  })

  test.each([
    ['an I/O error with room', sqlite(IO_WRITE)],
    ['damage', sqlite(CORRUPT)],
    ['anything else', new Error('x')],
  ])('%s is not', (_, error) => {
    const failure = fileFailureOf(error, 'opening it', () => 1e9)
    expect(failure).toBeInstanceOf(StoreError)
    expect(failure).not.toBeInstanceOf(StoreFullError)
  })

  test('what is told in words already stays as it is', () => {
    const told = new StoreError('a newer modelward made it')
    expect(fileFailureOf(told, 'opening it')).toBe(told)
  })
})
