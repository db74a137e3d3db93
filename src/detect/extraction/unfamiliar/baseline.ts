import type { BaselineMaker, DetectorContext } from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import { MeasuredSizes } from '../../calibration/measured.ts'
import { MOST_CLIENTS } from '../../features/population.ts'
import { isModelRequest } from '../../request/model-request.ts'
import { KeyedRows } from '../../state/keyed-rows.ts'
import { Familiar, FAMILIAR_NUMBERS, surpriseAt, TABLE_WORDS } from './familiar.ts'
import { freeze, type SizeReference } from './frozen.ts'
import { Passages, PLACES } from './passages.ts'
import { OpenWindows, sectionsOf } from './window.ts'

/** Callers whose prompts say what is familiar, at least. */
const FEWEST_WRITERS = 5
/** Of the places so many may be taken: with more, what nobody ever wrote would be familiar by chance too often. */
const MOST_TAKEN = PLACES / 2
/** In the table of who wrote what: nobody yet, or several; else a caller's number from 1 on. */
const [NOBODY, SEVERAL] = [0, 0xffff]

type Frozen = Awaited<ReturnType<BaselineMaker['freeze']>>

/** Notes what the reference's callers write, then measures how surprising the windows of others are. */
export class UnfamiliarBaseline implements BaselineMaker {
  readonly #sizes: readonly number[]
  readonly #key: Uint8Array
  readonly #passages: Passages
  readonly #writers = new Map<string, number>()
  readonly #wroteIt = new Uint16Array(PLACES)
  readonly #table = new Int32Array(TABLE_WORDS)
  readonly #familiar: Familiar
  readonly #rows: KeyedRows
  readonly #measured: MeasuredSizes
  #taken = 0
  #requests = 0
  #leftOut = 0

  constructor(sizes: readonly number[], { key }: DetectorContext) {
    this.#sizes = sizes
    this.#key = key
    this.#passages = new Passages(key)
    this.#familiar = new Familiar(this.#passages, this.#table)
    this.#rows = new KeyedRows(MOST_CLIENTS, sectionsOf(sizes, 'baseline'))
    this.#measured = new MeasuredSizes(sizes)
  }

  async refer(events: readonly Event[]): Promise<void> {
    for (const event of events) {
      if (!isModelRequest(event) || !event.inference.prompt) continue
      const writer = this.#writerOf(event.principal)
      if (writer === undefined || this.#taken >= MOST_TAKEN) {
        this.#leftOut++
        continue
      }
      this.#requests++
      const { runs, pairs } = this.#passages.of(event.inference.prompt)
      for (const places of [runs, pairs]) for (const place of places) this.#note(place, writer)
    }
  }

  async calibrate(events: readonly Event[]): Promise<void> {
    const numbers = new Float64Array(FAMILIAR_NUMBERS)
    for (const event of events) {
      if (!isModelRequest(event)) continue
      numbers.fill(0)
      this.#familiar.read(event.inference, numbers, 0)
      const asked = surpriseAt(numbers, 0)
      if (asked === undefined) continue
      const windows = new OpenWindows(this.#rows.use(event.principal), this.#sizes, () => undefined)
      for (const { size, surprise } of windows.add(asked, event.at, event.id))
        this.#measured.add(size, event.principal, surprise)
    }
  }

  async freeze(): Promise<Frozen> {
    if (this.#writers.size < FEWEST_WRITERS)
      return {
        refused: `prompts of ${this.#writers.size} callers to compare with, and of ${FEWEST_WRITERS} are needed at least: read files of a gateway that logs them`,
      }
    const sizes = this.#sizes.flatMap((size) => this.#calibrated(size))
    if (sizes.length === 0) return { refused: this.#measured.tooFew('prompts') }
    return {
      reference: freeze(this.#key, this.#table, sizes),
      notes: [
        `reference: ${this.#requests} prompts of ${this.#writers.size} callers, of which ${this.#taken} runs and pairs of words are familiar; ${this.#leftOut} prompts left out`,
        ...this.#measured.notes(1),
      ],
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #writerOf(principal: string): number | undefined {
    const known = this.#writers.get(principal)
    if (known !== undefined || this.#writers.size >= MOST_CLIENTS) return known
    const writer = this.#writers.size + 1
    this.#writers.set(principal, writer)
    return writer
  }

  #note(place: number, writer: number): void {
    const before = this.#wroteIt[place]
    if (before === SEVERAL || before === writer) return
    if (before === NOBODY) {
      this.#wroteIt[place] = writer
      return
    }
    this.#wroteIt[place] = SEVERAL
    this.#table[place >>> 5] = (this.#table[place >>> 5] ?? 0) | (1 << (place & 31))
    this.#taken++
  }

  #calibrated(size: number): readonly SizeReference[] {
    const calibration = this.#measured.calibrated(size)
    return calibration ? [{ size, calibration }] : []
  }
}
