import type { EcsFields, Event, Fields, Inference, Logsource, SealedPaths } from '../../contract/event.ts'
import type { RawRecord } from '../../contract/record.ts'
import { EcsView, describeInference } from './ecs-view.ts'
import type { Describe, Draft, Tools } from './format.ts'

/** A time this far after the record was received is a clock that is wrong: the event happened when it was received. */
const MAX_AHEAD_MS = 5 * 60_000

/** An event as the normaliser makes it. The ECS view is built when it is first asked for: quiet events never pay for it. */
export class NormalizedEvent implements Event {
  readonly id: string
  readonly at: number
  readonly receivedAt: number
  readonly source: string
  readonly file?: string
  readonly index?: number
  readonly format: string
  readonly logsource: Logsource
  readonly fields: Fields
  readonly sealed: SealedPaths
  readonly principal?: string
  readonly inference?: Inference
  readonly #describe: Describe
  readonly #tools: Tools
  readonly #encodingError: boolean
  readonly #timeClamped: boolean
  #ecs: EcsFields | undefined

  constructor(id: string, format: string, draft: Draft, record: RawRecord, encodingError: boolean, tools: Tools) {
    this.id = id
    const at = draft.at ?? record.receivedAt
    this.#timeClamped = at > record.receivedAt + MAX_AHEAD_MS
    this.at = this.#timeClamped ? record.receivedAt : at
    this.receivedAt = record.receivedAt
    this.source = record.source
    if (record.file !== undefined) this.file = record.file
    if (record.index !== undefined) this.index = record.index
    this.format = format
    this.logsource = draft.logsource
    this.fields = draft.fields
    this.sealed = draft.sealed
    if (draft.principal) this.principal = tools.pseudonyms.of(draft.principal.kind, draft.principal.identity)
    if (draft.inference) this.inference = draft.inference
    this.#describe = draft.describe
    this.#tools = tools
    this.#encodingError = encodingError
  }

  get ecs(): EcsFields {
    return (this.#ecs ??= this.#view())
  }

  #view(): EcsFields {
    const ecs = new EcsView()
    ecs.word('event.kind', 'event')
    if (this.principal !== undefined) {
      ecs.word('user.id', this.principal)
      ecs.word('user.name', this.principal)
      ecs.words('related.user', [this.principal])
    }
    if (this.inference) this.#viewInference(ecs, this.inference)
    if (this.#encodingError) {
      ecs.word('labels.encoding_error', 'true')
      ecs.flag('modelward.encoding_error', true)
    }
    if (this.#timeClamped) ecs.word('labels.time_clamped', 'true')
    try {
      this.#describe(ecs, this.fields, this.#tools)
    } catch {
      // The view is read in the loop: a format's mistake costs the rest of this view, not the daemon.
      ecs.flag('modelward.view_incomplete', true)
    }
    return Object.freeze(ecs.fields)
  }

  #viewInference(ecs: EcsView, inference: Inference): void {
    describeInference(ecs, inference)
    if (!this.#tools.keepText) return
    ecs.text('modelward.prompt', inference.prompt)
    ecs.text('modelward.output', inference.output)
  }
}
