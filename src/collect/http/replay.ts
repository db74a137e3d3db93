import type { Clock } from '../../contract/plugin.ts'
import type { Batch, Loss, RawRecord } from '../../contract/record.ts'
import type { Journal } from '../journal/journal.ts'
import type { Damage } from '../journal/reader.ts'
import type { JournalEntry } from '../journal/entry.ts'
import { type BodyMeta, entryMeta } from './entry-meta.ts'
import { framesOf } from './inspect.ts'
import { type JournalPosition, formatPosition } from './position.ts'

export const STREAM = 'journal'
const BATCH_BYTES = 1024 * 1024
const BATCH_RECORDS = 1000

/** A batch that is still open; `position` moves on behind everything that is in it. */
interface Draft {
  records: RawRecord[]
  bytes: number
  losses: Loss[]
  position: JournalPosition
}

export interface Replay {
  readonly source: string
  readonly journal: Journal
  readonly clock: Clock
  /** Where to begin. */
  readonly from: JournalPosition
  /** What was lost before the first record; told with the first batch. */
  readonly losses: readonly Loss[]
  readonly once: boolean
  /** Called after `journal` has been told what is committed. */
  readonly acked: () => void
}

/**
 * The journal as batches, in order, from `from` on: up to 1 MiB or 1,000 records each, whole bodies where they fit. The
 * same journal and position give the same records with the same offsets. Throws StoreError once the journal has failed.
 */
export async function* batchesOf(replay: Replay, signal: AbortSignal): AsyncGenerator<Batch> {
  const { journal, from, losses, once } = replay
  const reader = journal.reader(from.at)
  const draft: Draft = { ...emptyAt(from), losses: [...losses] }
  try {
    // Its ack says that `from` is committed, and not only handed over: what lies before may be deleted then.
    if (from.at > 0) yield finished(replay, draft)
    while (!signal.aborted && !journal.isClosed) {
      if (journal.failure) throw journal.failure
      const item = await reader.next()
      if (item) yield* batchesWith(replay, draft, item)
      else if (draft.records.length > 0 || draft.losses.length > 0) yield finished(replay, draft)
      else if (once) return
      else await journal.grown(reader.at, signal)
    }
  } finally {
    await reader.close()
  }
}

/** Adds what the journal gave; yields the draft whenever it is full. */
function* batchesWith(replay: Replay, draft: Draft, item: JournalEntry | Damage): Generator<Batch> {
  if (item.kind !== 'entry') addDamage(replay, draft, item)
  else {
    const meta = entryMeta(item.meta)
    if (meta === undefined)
      addDamage(replay, draft, { kind: 'corrupt', at: item.at, end: item.end, head: item.body.subarray(0, 4096) })
    else if (meta !== 'keys') {
      if (draft.records.length > 0 && !fits(draft, item, meta)) yield finished(replay, draft)
      yield* cutInto(replay, draft, item, meta)
    }
    draft.position = { at: item.end }
  }
  if (isFull(draft)) yield finished(replay, draft)
}

/** A body larger than a batch is cut across several: then the position says how many of its records are done. */
function* cutInto(replay: Replay, draft: Draft, entry: JournalEntry, meta: BodyMeta): Generator<Batch> {
  const done = replay.from.at === entry.at ? (replay.from.records ?? 0) : 0
  for (const frame of framesOf(entry.body, meta)) {
    if (frame.index < done) continue
    if (isFull(draft)) {
      draft.position = { at: entry.at, records: frame.index }
      yield finished(replay, draft)
    }
    draft.records.push({
      source: replay.source,
      stream: STREAM,
      offset: entry.bodyAt + frame.offset,
      bytes: frame.bytes,
      receivedAt: meta.receivedAt,
      ...(meta.format === undefined ? {} : { format: meta.format }),
      ...(frame.refused ? { refused: frame.refused } : {}),
    })
    draft.bytes += frame.bytes.length
  }
}

function addDamage({ source, clock }: Replay, draft: Draft, { kind, at, end, head }: Damage): void {
  const bytes = end - at
  if (kind === 'gap')
    draft.losses.push({ reason: 'journal_gap', detail: `the journal has no bytes ${at} to ${end}`, bytes })
  else {
    const detail = `${bytes} bytes of the journal at ${at} are damaged`
    const refused = { reason: 'journal_corrupt', detail }
    draft.records.push({ source, stream: STREAM, offset: at, bytes: head, receivedAt: clock.now(), refused })
    draft.bytes += head.length
  }
  draft.position = { at: end }
}

function finished({ source, journal, acked }: Replay, draft: Draft): Batch {
  const { records, losses, position } = draft
  Object.assign(draft, emptyAt(position))
  return {
    source,
    records,
    positions: [{ stream: STREAM, value: formatPosition(position) }],
    ...(losses.length > 0 ? { losses } : {}),
    async ack() {
      await journal.release(position.at)
      acked()
    },
  }
}

function emptyAt(position: JournalPosition): Draft {
  return { records: [], bytes: 0, losses: [], position }
}

function fits(draft: Draft, entry: JournalEntry, meta: BodyMeta): boolean {
  return draft.bytes + entry.body.length <= BATCH_BYTES && draft.records.length + meta.accepted <= BATCH_RECORDS
}

function isFull(draft: Draft): boolean {
  return draft.bytes >= BATCH_BYTES || draft.records.length >= BATCH_RECORDS
}
