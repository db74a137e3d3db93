import type { Client, estypes } from '@elastic/elasticsearch'
import { verdictOnError, verdictOnItem } from './verdict.ts'
import type { ReplyItem, RequestVerdict, Verdict } from './verdict.ts'

/** One document to create, already JSON. */
export interface Line {
  readonly id: string
  readonly json: string
}

export interface Written {
  readonly verdict: Verdict
  /** Elasticsearch's word on its failure store for this document: `used`, `failed`, …; undefined where it said nothing. */
  readonly failureStore?: string
}

export interface BulkLimits {
  readonly documents: number
  readonly bytes: number
}

/**
 * Creates documents in a data stream by `_bulk`, in requests within the limits, one after the other. One answer for each
 * line, in order. Never tries again: once something has to be tried later, what has not been sent yet waits with it.
 */
export class BulkWriter {
  readonly #client: Client
  readonly #index: string
  readonly #limits: BulkLimits
  readonly #now: () => number

  constructor(client: Client, index: string, limits: BulkLimits, now: () => number) {
    this.#client = client
    this.#index = index
    this.#limits = limits
    this.#now = now
  }

  async write(lines: readonly Line[], signal: AbortSignal): Promise<readonly Written[]> {
    const written: Written[] = []
    const waiting = chunksOf(lines, this.#limits)
    for (let chunk = waiting.shift(); chunk; chunk = waiting.shift()) {
      const answer = await this.#bulk(chunk, signal)
      if ('kind' in answer && answer.kind === 'split' && chunk.length > 1) {
        const middle = Math.ceil(chunk.length / 2)
        waiting.unshift(chunk.slice(0, middle), chunk.slice(middle))
        continue
      }
      const answers = 'kind' in answer ? sameForAll(chunk, answer) : answer
      written.push(...answers)
      if (answers.some(({ verdict }) => verdict.kind === 'retry')) break
    }
    return [...written, ...notSent(lines.length - written.length, written)]
  }

  async #bulk(lines: readonly Line[], signal: AbortSignal): Promise<readonly Written[] | RequestVerdict> {
    const operations = lines.flatMap(({ id, json }) => [JSON.stringify({ create: { _id: id } }), json])
    try {
      const reply = await this.#client.bulk<string>(
        { index: this.#index, require_data_stream: true, operations },
        { signal },
      )
      return answersIn(reply, lines)
    } catch (error) {
      return verdictOnError(error, this.#now())
    }
  }
}

/** Greedy: a document larger than the limit goes alone. */
function chunksOf(lines: readonly Line[], limits: BulkLimits): (readonly Line[])[] {
  const chunks: Line[][] = []
  let bytes = Infinity
  for (const line of lines) {
    const size = Buffer.byteLength(line.json) + 64
    const last = chunks.at(-1)
    if (last && last.length < limits.documents && bytes + size <= limits.bytes) {
      last.push(line)
      bytes += size
    } else {
      chunks.push([line])
      bytes = size
    }
  }
  return chunks
}

/** The reply is only believed where its items stand for ours. */
function answersIn(reply: unknown, lines: readonly Line[]): readonly Written[] {
  const items = itemsOf(reply)
  return lines.map(({ id }, at) => {
    const item = items?.[at]
    const isOurs = item !== undefined && (item._id === undefined || item._id === null || item._id === id)
    const failureStore = item?.failure_store
    return {
      verdict: verdictOnItem(isOurs ? item : undefined),
      ...(failureStore === undefined ? {} : { failureStore }),
    }
  })
}

function itemsOf(reply: unknown): readonly (BulkItem | undefined)[] | undefined {
  if (typeof reply !== 'object' || reply === null || !('items' in reply) || !Array.isArray(reply.items))
    return undefined
  return reply.items.map((item: estypes.BulkResponse['items'][number] | null) => item?.create as BulkItem | undefined)
}

interface BulkItem extends ReplyItem {
  readonly _id?: string | null
}

function sameForAll(lines: readonly Line[], verdict: RequestVerdict): readonly Written[] {
  const each = verdict.kind === 'split' ? verdict.alone : verdict
  return lines.map(() => ({ verdict: each }))
}

/** What was held back shares the pause, not the noise, of what it waits for. */
function notSent(count: number, written: readonly Written[]): readonly Written[] {
  const afterMs = Math.max(0, ...written.map(({ verdict }) => (verdict.kind === 'retry' ? (verdict.afterMs ?? 0) : 0)))
  const verdict: Verdict = {
    kind: 'retry',
    reason: 'waits for documents before it',
    ...(afterMs === 0 ? {} : { afterMs }),
  }
  return Array.from({ length: count }, () => ({ verdict }))
}
