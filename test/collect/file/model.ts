import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Batch, RawRecord } from '../../../src/contract/record.ts'
import { FileConfig } from '../../../src/collect/file/config.ts'
import { FileCollector } from '../../../src/collect/file/file-collector.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { given } from '../../support/given.ts'
import { compare, textOf, type Written } from './written.ts'

/** A file of the model: what it holds, in order. */
interface ModelFile {
  name: string
  records: Written[]
  /** The text of its last line that has been written so far; the last of `records` is that record. */
  partial: string | undefined
  /** A look of the running collector has seen it. */
  isOpen: boolean
  exists: boolean
  /** What was copied from it inside the glob before it was truncated, until that has been seen and committed. */
  unseenCopy: readonly Written[]
  readonly packed: boolean
}

const CLOSE_AFTER = 1000

export interface Outcome {
  readonly written: number
  readonly read: number
  readonly operations: readonly string[]
}

/**
 * One random life of a log: writes, rotations of every kind, kills and restarts, looks with commits in between, drawn
 * from `seed`. Throws, naming seed and operations, unless what was committed is what the model says: without truncation
 * every whole record that stayed readable exactly once; with truncation those that cannot have been missed, none twice.
 */
export async function live(seed: number, truncating: boolean): Promise<Outcome> {
  const life = new Life(seed, truncating)
  try {
    return await life.run()
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`seed ${seed}${truncating ? ' truncating' : ''}: ${what}\n  ${life.operations.join('\n  ')}`, {
      cause,
    })
  } finally {
    await life.end()
  }
}

class Life {
  readonly operations: string[] = []
  readonly #truncating: boolean
  readonly #folder = mkdtempSync(join(tmpdir(), 'modelward-model-'))
  readonly #random
  readonly #world = given('files')
  readonly #config: FileConfig
  readonly #files: ModelFile[] = []
  readonly #all: Written[] = []
  /** Unfinished lines that will never be finished; they may come once each. */
  readonly #fragments: string[] = []
  readonly #positions = new Map<string, string>()
  readonly #pending: Batch[] = []
  readonly #committed: RawRecord[] = []
  #collector: FileCollector | undefined
  #number = 0
  #rotations = 0

  constructor(seed: number, truncating: boolean) {
    this.#random = seededRandom(seed)
    this.#truncating = truncating
    this.#config = FileConfig.parse({
      paths: [join(this.#folder, 'app.log*')],
      batchBytes: 1024,
      closeRotatedAfterMs: CLOSE_AFTER,
    })
  }

  async run(): Promise<Outcome> {
    const steps = 8 + this.#below(18)
    for (let step = 0; step < steps; step++) await this.#step()
    await this.#settle()
    compare({ all: this.#all, committed: this.#committed, fragments: this.#fragments })
    return { written: this.#all.length, read: this.#committed.length, operations: this.operations }
  }

  async end(): Promise<void> {
    await this.#collector?.[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #step(): Promise<void> {
    const draw = this.#random.next()
    if (draw < 0.3) this.#write()
    else if (draw < 0.62) await this.#look()
    else if (draw < 0.68) await this.#kill()
    else if (draw < 0.73) await this.#restart()
    else if (draw < 0.76) this.#pass(this.#below(2 * CLOSE_AFTER))
    else if (draw < 0.85) this.#rename()
    else if (draw < 0.91) await this.#pack()
    else if (draw < 0.94) this.#delete()
    else if (draw < 0.97 || !this.#truncating) this.#recreate()
    else this.#copyTruncate()
    if (this.#truncating && this.#random.next() < 0.08) this.#truncate()
  }

  // -- the writer --

  #write(file = this.#writable()): void {
    let text = file.partial === undefined ? '' : this.#rest(file)
    const count = file.partial === undefined || this.#random.next() < 0.7 ? 1 + this.#below(6) : 0
    for (let more = 0; more < count; more++) text += `${this.#newRecord(file)}\n`
    if (this.#random.next() < 0.35) text += this.#beginning(file)
    this.#note('write', file.name, JSON.stringify(text.slice(0, 40)), text.length)
    appendFileSync(this.#at(file), text)
  }

  #rest(file: ModelFile): string {
    const record = file.records.at(-1)
    if (!record) throw new Error('a partial line without a record')
    const rest = `${record.text.slice(file.partial?.length)}\n`
    record.isWhole = true
    file.partial = undefined
    return rest
  }

  #newRecord(file: ModelFile): string {
    const record = this.#record()
    record.isWhole = true
    file.records.push(record)
    return record.text
  }

  #beginning(file: ModelFile): string {
    const record = this.#record()
    file.records.push(record)
    file.partial = record.text.slice(0, 1 + this.#below(record.text.length))
    return file.partial
  }

  #record(): Written {
    const padding = 'x'.repeat(this.#below(4) === 0 ? this.#below(600) : this.#below(30))
    const text = `{"n":${this.#number++},"p":"${padding}"}`
    const record = { text, isWhole: false, mayBeMissing: false, copies: 1 }
    this.#all.push(record)
    return record
  }

  /** Mostly the live file; sometimes a rotated one that its writer has not let go of. */
  #writable(): ModelFile {
    const plain = this.#files.filter((file) => file.exists && !file.packed && file.name !== 'app.log')
    const chosen = plain[this.#below(plain.length)]
    if (chosen && this.#random.next() < 0.15) return chosen
    return this.#files.find((file) => file.exists && file.name === 'app.log') ?? this.#create()
  }

  #create(): ModelFile {
    const file: ModelFile = {
      name: 'app.log',
      records: [],
      partial: undefined,
      isOpen: false,
      exists: true,
      unseenCopy: [],
      packed: false,
    }
    this.#files.push(file)
    writeFileSync(this.#at(file), '')
    return file
  }

  // -- rotation --

  #rename(): void {
    const file = this.#existing()
    if (!file) return
    const name = file.packed ? `app.log.${++this.#rotations}.gz` : `app.log.${++this.#rotations}`
    this.#note('rename', file.name, name)
    renameSync(this.#at(file), join(this.#folder, name))
    file.name = name
    if (this.#random.next() < 0.6) this.#write(this.#liveFile())
  }

  #liveFile(): ModelFile {
    return this.#files.find((file) => file.exists && file.name === 'app.log') ?? this.#create()
  }

  /** gzip as logrotate does it: the packed file grows beside the original, which is removed at the end. */
  async #pack(): Promise<void> {
    const file = this.#existing((one) => !one.packed && one.name !== 'app.log')
    if (!file) return
    const name = `${file.name}.gz`
    const packed = gzipSync(readFileSync(this.#at(file)))
    this.#note('pack', file.name)
    if (this.#random.next() < 0.4) {
      writeFileSync(join(this.#folder, name), packed.subarray(0, this.#below(packed.length)))
      await this.#look()
    }
    writeFileSync(join(this.#folder, name), packed)
    if (this.#random.next() < 0.4) await this.#look()
    this.#note('unlink', file.name)
    unlinkSync(this.#at(file))
    if (file.partial !== undefined) this.#abandon(file)
    // The records live on in the packed file; a running collector that holds the original reads it there.
    file.exists = false
    this.#files.push({ ...file, name, exists: true, packed: true, partial: undefined })
  }

  #delete(): void {
    const file = this.#existing()
    if (!file) return
    this.#note('delete', file.name, file.isOpen ? 'while open' : 'unseen')
    unlinkSync(this.#at(file))
    this.#gone(file)
  }

  #recreate(): void {
    const file = this.#files.find((one) => one.exists && one.name === 'app.log')
    if (!file) return
    this.#note('delete and create', file.name, file.isOpen ? 'while open' : 'unseen')
    unlinkSync(this.#at(file))
    this.#gone(file)
    this.#write(this.#create())
  }

  #copyTruncate(): void {
    const file = this.#files.find((one) => one.exists && one.name === 'app.log')
    if (!file) return
    const inside = this.#random.next() < 0.5
    const name = inside ? `app.log.${++this.#rotations}` : 'elsewhere'
    this.#note('copytruncate', name)
    copyFileSync(this.#at(file), join(this.#folder, name))
    truncateSync(this.#at(file), 0)
    if (inside) this.#files.push({ ...file, records: [...file.records], name, isOpen: false })
    if (inside) file.unseenCopy = [...file.unseenCopy, ...file.records]
    this.#emptied(file)
    if (this.#random.next() < 0.6) this.#write(file)
  }

  #truncate(): void {
    const file = this.#existing((one) => !one.packed)
    if (!file) return
    this.#note('truncate', file.name)
    truncateSync(this.#at(file), 0)
    this.#emptied(file)
    if (this.#random.next() < 0.6) this.#write(file)
  }

  #emptied(file: ModelFile): void {
    if (file.partial !== undefined) this.#abandon(file)
    for (const record of file.records) record.mayBeMissing ||= !this.#isCommitted(record)
    file.records = []
    file.partial = undefined
    // What follows can only be found by a look at the name.
    file.isOpen = false
  }

  /** The name is gone. What an open file still holds can be read as long as the collector lives. */
  #gone(file: ModelFile): void {
    if (file.partial !== undefined) this.#abandon(file)
    file.exists = false
    // Without the truncated original a copy shorter than a KiB is not recognised.
    for (const record of file.unseenCopy) record.copies = 2
    if (!file.isOpen || !this.#collector) this.#unreadable(file)
  }

  #abandon(file: ModelFile): void {
    const record = file.records.at(-1)
    if (record) record.mayBeMissing = true
    if (file.partial !== undefined) this.#fragments.push(file.partial)
  }

  #unreadable(file: ModelFile): void {
    for (const record of file.records) record.mayBeMissing ||= !this.#isCommitted(record) && !this.#isElsewhere(record)
  }

  #isElsewhere(record: Written): boolean {
    return this.#files.some((file) => file.exists && file.records.includes(record))
  }

  #isCommitted(record: Written): boolean {
    return this.#committed.some((read) => textOf(read) === record.text)
  }

  // -- the collector --

  async #look(commits = this.#random.next() < 0.6 ? Infinity : this.#below(4)): Promise<void> {
    this.#note('look', 'committing', commits)
    this.#collector ??= new FileCollector(this.#config, {
      ...this.#world,
      positions: new Map(this.#positions),
      directory: this.#folder,
    })
    const poll = this.#collector.poll(new AbortController().signal)
    for (let step = await poll.next(); !step.done; step = await poll.next()) this.#pending.push(step.value)
    for (const file of this.#files) if (file.exists && file.records.length > 0) file.isOpen = true
    this.#commit(commits)
    if (this.#pending.length === 0) for (const file of this.#files) if (file.exists) file.unseenCopy = []
  }

  #commit(count: number): void {
    for (const batch of this.#pending.splice(0, count)) {
      this.#committed.push(...batch.records)
      for (const { stream, value } of batch.positions)
        if (value === null) this.#positions.delete(stream)
        else this.#positions.set(stream, value)
    }
  }

  async #kill(): Promise<void> {
    if (!this.#collector) return
    this.#note('kill')
    this.#pending.length = 0
    await this.#stop()
  }

  async #restart(): Promise<void> {
    this.#note('restart')
    this.#commit(Infinity)
    await this.#stop()
  }

  async #stop(): Promise<void> {
    await this.#collector?.[Symbol.asyncDispose]()
    this.#collector = undefined
    for (const file of this.#files) {
      file.isOpen = false
      if (!file.exists) this.#unreadable(file)
    }
  }

  #pass(ms: number): void {
    this.#note('pass', ms)
    this.#world.clock.advanceTo(this.#world.clock.now() + ms)
  }

  async #settle(): Promise<void> {
    for (let round = 0; round < 4; round++) {
      await this.#look(Infinity)
      this.#pass(CLOSE_AFTER)
    }
    const streams = this.#positions.size
    const files = this.#files.filter((file) => file.exists).length
    if (streams > files) throw new Error(`${streams} positions are kept for ${files} files`)
  }

  #existing(fits: (file: ModelFile) => boolean = () => true): ModelFile | undefined {
    const files = this.#files.filter((file) => file.exists && fits(file))
    return files[this.#below(files.length)]
  }

  #at(file: ModelFile): string {
    return join(this.#folder, file.name)
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit)
  }

  #note(...parts: readonly unknown[]): void {
    this.operations.push(parts.join(' '))
  }
}
