import type { Reader, Reading, StateChange } from '../../../contract/detect.ts'
import { KeyedHash } from '../../../runtime/keyed-hash.ts'
import type { ModelRequest } from '../../request/model-request.ts'
import { ReadHere } from '../../request/read-here.ts'
import { KeyedRows } from '../../state/keyed-rows.ts'
import type { Row } from '../../state/keyed-rows.ts'
import { SingleRow } from '../../state/single-row.ts'
import { countDistinct, noteElement } from '../../statistics/hyper-log-log.ts'
import { ACCOUNT, Account, Holders, TEMPLATE, type Who } from './account.ts'
import { skeletonsOf } from './skeleton.ts'
import { TIES, Ties, TURNS_FROM } from './ties.ts'
import { Turns } from './turns.ts'

/** Bytes of the sketch that counts the accounts whose templates were remembered. */
const REGISTERS = 256
/** A beginning and an end. */
export const MOST_TEMPLATES = 2
/** Where the ties are among the sections of an account's row. */
const TIES_SECTION = 1

/** A prompt's templates, two at most: a hash above 0 each. */
export function templateReader(key: Uint8Array): Reader {
  const hash = new KeyedHash(key)
  return {
    read: ({ prompt = '' }, out, at) => {
      for (const [place, skeleton] of skeletonsOf(prompt).entries()) out[at + place] = 1 + hash.of(skeleton)
    },
  }
}

/** One request's account, after the request was added to it. */
export interface Linked {
  readonly row: Row
  readonly who: Who
  /** The window of templates; undefined without a prompt. */
  readonly account: Account | undefined
  readonly ties: Ties
}

export interface LinkedOptions {
  readonly maxKeys: number
  readonly maxTemplates: number
  /** Whether turns count where the telemetry does not tell how long an answer took. */
  readonly turnsWithoutLatency: boolean
}

/** Who used which template, who takes turns with whom, and each account's open window: what the detector and its baseline have in common. */
export class LinkedAccounts {
  readonly accounts: KeyedRows
  readonly #templates: KeyedRows
  readonly #turns = new Turns()
  readonly #unknownWait: number | undefined
  readonly #known = new SingleRow('known.1', REGISTERS / 8)
  readonly #registers = new Uint8Array(this.#known.numbers.buffer)
  readonly #hash: KeyedHash
  readonly #read: ReadHere
  /** A request is learned right after it was looked at. */
  #last: { readonly prompt: string; readonly templates: readonly Template[] } = { prompt: '', templates: [] }
  #lastWho: Who | undefined

  constructor({ maxKeys, maxTemplates, turnsWithoutLatency }: LinkedOptions, key: Uint8Array) {
    this.#unknownWait = turnsWithoutLatency ? 0 : undefined
    this.accounts = new KeyedRows(maxKeys, [ACCOUNT, TIES])
    this.#templates = new KeyedRows(maxTemplates, [TEMPLATE])
    this.#hash = new KeyedHash(key)
    this.#read = new ReadHere(templateReader(key), MOST_TEMPLATES)
  }

  /** Adds a request to its account's window. A template counts as shared when an account other than this one was seen with it. */
  request(event: ModelRequest, reading?: Reading): Linked {
    const row = this.accounts.use(event.principal)
    this.accounts.touch(row, TIES_SECTION)
    const who = this.#who(event.principal)
    const ties = new Ties(row)
    ties.expire(event.at)
    const label = ties.label || who.hash
    const waited = event.inference.latencyMs ?? this.#unknownWait
    const inTurn = this.#turns.note(row, TURNS_FROM, { hash: who.hash, label, at: event.at, waited })
    if (inTurn) ties.link(who.hash, inTurn.label, inTurn.p, event.at)
    const { prompt } = event.inference
    return { row, who, ties, account: prompt ? this.#templated(event, prompt, row, who, reading) : undefined }
  }

  /** Links another account to the one that was just looked at; `chance` is how likely that is by chance. */
  tie({ ties, who }: Linked, other: Who, chance: number, at: number): void {
    const row = this.accounts.find(other.name)
    if (!row) return
    const theirs = new Ties(row)
    theirs.expire(at)
    ties.link(who.hash, theirs.label || other.hash, chance, at)
    theirs.link(other.hash, ties.label, chance, at)
    this.accounts.touch(row, TIES_SECTION)
  }

  /** Remembers who used the templates of this prompt. */
  learn(event: ModelRequest, prompt: string): void {
    const who = this.#who(event.principal)
    for (const { key } of this.#templatesOf(prompt)) {
      const row = this.#templates.recall(key)
      if (new Holders(row).add(who)) this.#templates.touch(row, 0)
    }
    if (noteElement(this.#registers, who.hash | 0)) this.#known.touch()
  }

  /** About how many accounts' templates were ever remembered. */
  get known(): number {
    return countDistinct(this.#registers)
  }

  changes(): readonly StateChange[] {
    return [
      ...this.#known.changes(),
      ...this.#turns.changes(),
      ...this.accounts.changes(),
      ...this.#templates.changes(),
    ]
  }

  /** How many stored keys could not be read. */
  restore(state: Iterable<StateChange>): number {
    const isTemplate = ({ key }: StateChange): boolean => key.startsWith(`${TEMPLATE.name}/`)
    this.#known.clear()
    this.#turns.clear()
    const all = [...state].filter((change) => !this.#known.restore(change) && !this.#turns.restore(change))
    return (
      this.#templates.restore(all.filter(isTemplate)) + this.accounts.restore(all.filter((one) => !isTemplate(one)))
    )
  }

  #templated(event: ModelRequest, prompt: string, row: Row, who: Who, reading?: Reading): Account {
    const account = new Account(row)
    account.request(event.at)
    for (const { hash, key } of this.#templatesOf(prompt, reading)) {
      if (!account.isNew(hash)) continue
      const template = this.#templates.find(key)
      if (!template) continue
      const holders = new Holders(template)
      if (holders.hasOther(who.hash)) account.share(event.id, holders, who.hash)
    }
    return account
  }

  #templatesOf(prompt: string, reading?: Reading): readonly Template[] {
    if (this.#last.prompt === prompt) return this.#last.templates
    const { numbers, at } = this.#read.of({ prompt }, reading)
    const templates: Template[] = []
    for (let place = 0; place < MOST_TEMPLATES; place++) {
      const hash = numbers[at + place] ?? 0
      if (hash !== 0) templates.push({ hash, key: String(hash) })
    }
    this.#last = { prompt, templates }
    return templates
  }

  /** The hash is above 0: 0 is an empty place. */
  #who(principal: string): Who {
    if (this.#lastWho?.name !== principal) this.#lastWho = { hash: 1 + this.#hash.of(principal), name: principal }
    return this.#lastWho
  }
}

/** A beginning or an end of prompts, as a number, and as the key of its row. */
interface Template {
  readonly hash: number
  readonly key: string
}
