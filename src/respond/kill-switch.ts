import { statSync } from 'node:fs'
import { reasonOf } from '../runtime/errors.ts'

/** A file by which anybody with access to the machine stops containment, whatever state the daemon is in. */
export class KillSwitch {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** Why nothing may be done just now. A file that cannot be looked for counts as there. */
  refusal(): string | undefined {
    try {
      if (statSync(this.#path, { throwIfNoEntry: false }) === undefined) return undefined
    } catch (error) {
      return `containment is off because the kill switch cannot be looked for (${reasonOf(error)})`
    }
    return `containment is switched off by the file ${this.#path}; remove it to go on`
  }
}
