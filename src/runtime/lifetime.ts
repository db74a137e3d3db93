/** Closes what was opened, last opened first, and says which part would not close. Register a thing the moment it exists. */
export class Lifetime implements AsyncDisposable {
  readonly #open: { name: string; close: () => unknown }[] = []
  #closing: Promise<void> | undefined

  add<T extends AsyncDisposable | Disposable>(name: string, part: T): T {
    this.defer(name, () => (Symbol.asyncDispose in part ? part[Symbol.asyncDispose]() : part[Symbol.dispose]()))
    return part
  }

  defer(name: string, close: () => unknown): void {
    if (this.#closing) throw new Error(`opening ${name} while closing`)
    this.#open.push({ name, close })
  }

  /** May be called twice; the second call waits for the first. Every part is closed even if another fails. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  async #closeAll(): Promise<void> {
    const failures: unknown[] = []
    for (const part of this.#open.toReversed()) {
      try {
        await part.close()
      } catch (cause) {
        failures.push(new Error(`closing ${part.name}`, { cause }))
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'closing')
  }
}
