import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { StoreError } from '../runtime/errors.ts'
import { failureOf, isCorruption } from './failure.ts'

export interface ConnectionOptions {
  /** Free bytes of the file system, to tell a full disk from a broken one. */
  readonly freeBytes: () => number
  /** Called once when SQLite reports damage, so that the next opening looks closely. */
  readonly corrupted?: () => void
}

/**
 * One SQLite connection that keeps its prepared statements and judges errors: a full disk is StoreFullError and leaves
 * everything as it was; after any other SQLite error each later call throws StoreError.
 */
export class Connection implements Disposable {
  readonly #database: DatabaseSync
  readonly #options: ConnectionOptions
  readonly #statements = new Map<string, StatementSync>()
  #failure: unknown
  #closed = false

  constructor(database: DatabaseSync, options: ConnectionOptions) {
    this.#database = database
    this.#options = options
  }

  /** False once closed or after a fatal error. */
  get usable(): boolean {
    return !this.#closed && this.#failure === undefined
  }

  /** A prepared statement to be run many times inside `transaction` or `guard`, which judge its errors. */
  statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known) return known
    const prepared = this.#database.prepare(sql)
    this.#statements.set(sql, prepared)
    return prepared
  }

  /** All rows, typed as the caller says the query is. */
  all<Row>(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.guard('reading the store', () => this.statement(sql).all(...values) as unknown as readonly Row[])
  }

  first<Row>(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.guard('reading the store', () => this.statement(sql).get(...values) as Row | undefined)
  }

  /** How many rows were changed. */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return this.guard('writing the store', () => Number(this.statement(sql).run(...values).changes))
  }

  execute(sql: string): void {
    this.guard('running a statement', () => this.#database.exec(sql))
  }

  /** All or nothing, durable on return. Whatever is thrown inside takes everything back. */
  transaction<Result>(work: () => Result): Result {
    return this.#within('BEGIN IMMEDIATE', 'writing the store', work)
  }

  /** One unchanging view for several reads, whatever another process writes meanwhile. */
  snapshot<Result>(work: () => Result): Result {
    return this.#within('BEGIN', 'reading the store', work)
  }

  /** Turns SQLite's errors into the store's, and refuses everything after a fatal one. */
  guard<Result>(doing: string, work: () => Result): Result {
    if (this.#closed) throw new StoreError(`${doing}: the store is closed`)
    if (this.#failure !== undefined)
      throw new StoreError(`${doing}: the store failed before and is not used again`, { cause: this.#failure })
    try {
      return work()
    } catch (error) {
      const failure = failureOf(error, doing, this.#options.freeBytes)
      if (failure !== error && failure instanceof StoreError) {
        this.#failure = failure
        if (isCorruption(error)) this.#options.corrupted?.()
      }
      throw failure
    }
  }

  /** May be called twice. */
  [Symbol.dispose](): void {
    if (this.#closed) return
    this.#closed = true
    this.#statements.clear()
    this.#database.close()
  }

  #within<Result>(begin: string, doing: string, work: () => Result): Result {
    return this.guard(doing, () => {
      this.#database.exec(begin)
      try {
        const result = work()
        this.#database.exec('COMMIT')
        return result
      } catch (error) {
        this.#rollback()
        throw error
      }
    })
  }

  #rollback(): void {
    try {
      // SQLite has taken some failed transactions back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    } catch (cause) {
      this.#failure ??= new StoreError('taking a failed transaction back', { cause })
    }
  }
}
