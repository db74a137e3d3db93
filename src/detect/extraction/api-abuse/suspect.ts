import type { Row } from '../../state/keyed-rows.ts'
import { readShortText, writeShortText } from '../../state/short-text.ts'
import { BET_NUMBERS, placeBet, wealthOf } from '../../statistics/betting.ts'
import { countDistinct, hashText, noteElement } from '../../statistics/hyper-log-log.ts'
import { countBits, noteBit } from '../../statistics/linear-counter.ts'
import type { TrialKind } from './fleet.ts'

/** A probing request that could have been a hit, and whether it was: did it bias a token not biased before? */
export interface Trial {
  readonly kind: TrialKind
  readonly hit: boolean
}

/** Requests that may bring new tokens before betting begins: an ordinary caller has to introduce its set once. */
const GRACE = { prompt: 2, caller: 6 } as const
/** Trials of one principal and window that the fleet learns from: a busy caller weighs no more than others. */
const TEACHING_TRIALS = 16
const PROMPTS = 8
/** Biased tokens of one request that are looked at; public APIs take 300 or 1,024. */
const MOST_TOKENS = 4_096
const EXEMPLARS = 5
const ID_BYTES = 32

// The row, in numbers (the first belongs to the map).
const STARTED = 1
const REQUESTS = 2
const PROBES = 3
const NOVEL = 4
const TRIALS = 5
const HITS = 6
const EXPECTED = 7
const BEST = 8
const RUNG = 9
const TAUGHT = 10
const DISTINCT = 11
const BET = 12
const PROMPT_HASH = BET + BET_NUMBERS
const PROMPT_USED = PROMPT_HASH + PROMPTS
const PROMPT_NOVEL = PROMPT_USED + PROMPTS
const NUMBERS = PROMPT_NOVEL + PROMPTS
// And in bytes after them.
const RECENT = NUMBERS * 8
const IDS = RECENT + 8
const CALLER_REGISTERS = IDS + EXEMPLARS * ID_BYTES
const CALLER_REGISTER_COUNT = 256
const CALLER_BITS = CALLER_REGISTERS + CALLER_REGISTER_COUNT
const CALLER_BIT_BYTES = 128
const PROMPT_BITS = CALLER_BITS + CALLER_BIT_BYTES
const PROMPT_BIT_BYTES = 64
const BYTES = PROMPT_BITS + PROMPTS * PROMPT_BIT_BYTES

/** Registers of the sketch that counts a caller's biased tokens. */
export const REGISTERS = CALLER_REGISTER_COUNT
/** How many of the last requests `recentProbes` looks back on. */
const RECENT_REQUESTS = 64
export const SECTION = { name: 'suspect.1', bytes: BYTES } as const

/** One principal's window: what it biased, on which prompts, and how the bet against it stands. A view on its row. */
export class Suspect {
  readonly #row: Row
  readonly #numbers: Float64Array

  constructor(row: Row) {
    this.#row = row
    this.#numbers = row.numbers
  }

  /** Starts a new window when the last one is over; an event from before its start counts into it. */
  enter(at: number, windowMs: number): void {
    const started = this.#get(STARTED)
    if (this.#get(REQUESTS) > 0 && at < started + windowMs && at > started - windowMs) return
    this.#numbers.fill(0, 1)
    this.#set(STARTED, at)
  }

  countRequest(probing: boolean): void {
    this.#add(REQUESTS, 1)
    const { bytes } = this.#row
    let carry = probing ? 1 : 0
    for (let i = RECENT; i < RECENT + 8; i++) {
      const byte = ((bytes[i] ?? 0) << 1) | carry
      bytes[i] = byte
      carry = byte >> 8
    }
  }

  /** Notes the biased tokens. Undefined when there was nothing to compare with yet, or the grace is not used up. */
  probe(id: string, tokens: readonly string[], promptHash: string | undefined): Trial | undefined {
    this.#add(PROBES, 1)
    const isNewToCaller = this.#noteForCaller(tokens)
    if (promptHash === undefined) {
      const known = this.#get(NOVEL)
      if (isNewToCaller) this.#note(id, NOVEL)
      return known < GRACE.caller ? undefined : this.#trial('caller', isNewToCaller)
    }
    const slot = this.#promptSlot(promptHash)
    const isNewToPrompt = this.#noteForPrompt(slot, tokens)
    const known = this.#get(PROMPT_NOVEL + slot)
    if (isNewToPrompt) this.#note(id, PROMPT_NOVEL + slot)
    return known < GRACE.prompt ? undefined : this.#trial('prompt', isNewToPrompt)
  }

  bet(hit: boolean, bound: number): void {
    this.#add(EXPECTED, bound)
    placeBet(this.#numbers, BET, hit, bound)
    this.#set(BEST, Math.max(this.#get(BEST), this.wealth))
  }

  /** True when the fleet may learn one more trial of this principal; counts it. */
  mayTeach(): boolean {
    if (this.#get(TAUGHT) >= TEACHING_TRIALS) return false
    this.#add(TAUGHT, 1)
    return true
  }

  get startedAt(): number {
    return this.#get(STARTED)
  }
  /** Requests of any kind in the window, from the first probing one. */
  get requests(): number {
    return this.#get(REQUESTS)
  }
  get probes(): number {
    return this.#get(PROBES)
  }
  get trials(): number {
    return this.#get(TRIALS)
  }
  get hits(): number {
    return this.#get(HITS)
  }
  /** Hits that the null hypothesis allows for at most, on average. */
  get expectedHits(): number {
    return this.#get(EXPECTED)
  }
  /** Different tokens biased in the window, estimated. */
  get distinctTokens(): number {
    return this.#get(DISTINCT)
  }
  get wealth(): number {
    return wealthOf(this.#numbers, BET)
  }
  get bestWealth(): number {
    return Math.max(1, this.#get(BEST))
  }
  get rung(): number {
    return this.#get(RUNG)
  }
  set rung(rung: number) {
    this.#set(RUNG, rung)
  }

  /** Different tokens biased on the one prompt that saw most of them; undefined without prompt hashes. */
  tokensOnOnePrompt(): number | undefined {
    let most: number | undefined
    for (let slot = 0; slot < PROMPTS; slot++)
      if (this.#get(PROMPT_USED + slot) > 0) most = Math.max(most ?? 0, countBits(this.#promptBits(slot)))
    return most
  }

  /** Of the last 64 requests at most: how many there were, and how many probed. */
  recent(): { readonly requests: number; readonly probes: number } {
    let probes = 0
    for (let i = RECENT; i < RECENT + 8; i++)
      for (let byte = this.#row.bytes[i] ?? 0; byte > 0; byte &= byte - 1) probes++
    return { requests: Math.min(RECENT_REQUESTS, this.requests), probes }
  }

  exemplars(): string[] {
    const ids: string[] = []
    for (let i = 0; i < EXEMPLARS; i++) ids.push(readShortText(this.#row.bytes, IDS + i * ID_BYTES, ID_BYTES))
    return ids.filter((id) => id !== '')
  }

  #trial(kind: TrialKind, hit: boolean): Trial {
    this.#add(TRIALS, 1)
    if (hit) this.#add(HITS, 1)
    return { kind, hit }
  }

  /** Counts a request that brought new tokens, and keeps its id as the newest of the exemplars. */
  #note(id: string, counter: number): void {
    this.#add(counter, 1)
    const { bytes } = this.#row
    bytes.copyWithin(IDS + ID_BYTES, IDS, IDS + (EXEMPLARS - 1) * ID_BYTES)
    writeShortText(bytes, IDS, ID_BYTES, id)
  }

  /** The place of this prompt; a prompt not held takes the place of the one unused for longest. */
  #promptSlot(promptHash: string): number {
    const hash = hashText(promptHash) * 2 ** 20 + (hashText(promptHash, 0x9747b28c) >>> 12)
    let oldest = 0
    for (let slot = 0; slot < PROMPTS; slot++) {
      const used = this.#get(PROMPT_USED + slot)
      if (used > 0 && this.#get(PROMPT_HASH + slot) === hash) {
        this.#set(PROMPT_USED + slot, this.probes)
        return slot
      }
      if (used < this.#get(PROMPT_USED + oldest)) oldest = slot
    }
    this.#set(PROMPT_HASH + oldest, hash)
    this.#set(PROMPT_USED + oldest, this.probes)
    this.#set(PROMPT_NOVEL + oldest, 0)
    this.#promptBits(oldest).fill(0)
    return oldest
  }

  #promptBits(slot: number): Uint8Array {
    const from = PROMPT_BITS + slot * PROMPT_BIT_BYTES
    return this.#row.bytes.subarray(from, from + PROMPT_BIT_BYTES)
  }

  /** True when a token is new. Bits tell that best while there are few tokens, registers count them when there are many. */
  #noteForCaller(tokens: readonly string[]): boolean {
    const bits = this.#row.bytes.subarray(CALLER_BITS, CALLER_BITS + CALLER_BIT_BYTES)
    const registers = this.#row.bytes.subarray(CALLER_REGISTERS, CALLER_REGISTERS + CALLER_REGISTER_COUNT)
    let [isNew, isMore] = [false, false]
    const count = Math.min(tokens.length, MOST_TOKENS)
    for (let i = 0; i < count; i++) {
      const hash = hashText(tokens[i] ?? '')
      if (noteBit(bits, hash)) isNew = true
      if (noteElement(registers, hash)) isMore = true
    }
    if (isMore) this.#set(DISTINCT, countDistinct(registers))
    return isNew || isMore
  }

  #noteForPrompt(slot: number, tokens: readonly string[]): boolean {
    const bits = this.#promptBits(slot)
    let isNew = false
    const count = Math.min(tokens.length, MOST_TOKENS)
    for (let i = 0; i < count; i++) if (noteBit(bits, hashText(tokens[i] ?? ''))) isNew = true
    return isNew
  }

  #get(at: number): number {
    return this.#numbers[at] ?? 0
  }
  #set(at: number, value: number): void {
    this.#numbers[at] = value
  }
  #add(at: number, value: number): void {
    this.#numbers[at] = (this.#numbers[at] ?? 0) + value
  }
}
