import { hash } from 'node:crypto'
import type { Score } from '../contract/detect.ts'
import type { EcsFields, Event, Fields, Logsource, SealedPaths } from '../contract/event.ts'
import { base32 } from '../runtime/base32.ts'

const SCORE: Logsource = Object.freeze({ product: 'modelward', category: 'score' })
const NOTHING_SEALED: SealedPaths = Object.freeze({ identity: [], text: [] })

/** A score seen as an event, so that rules can match it: log source `product: modelward, category: score`. */
export class ScoreEvent implements Event {
  readonly id: string
  readonly at: number
  readonly receivedAt: number
  readonly source: string
  readonly file?: string
  readonly index?: number
  readonly format = 'score'
  readonly logsource = SCORE
  readonly sealed = NOTHING_SEALED
  readonly fields: Fields
  readonly principal?: string
  readonly #on: Event

  constructor(score: Score) {
    const on = score.event
    this.#on = on
    this.id = base32(hash('sha256', `${on.id}\n${score.detector}\n${score.part ?? ''}`, 'buffer'), 26)
    this.at = on.at
    this.receivedAt = on.receivedAt
    this.source = on.source
    if (on.file !== undefined) this.file = on.file
    if (on.index !== undefined) this.index = on.index
    if (score.principal !== undefined) this.principal = score.principal
    this.fields = fieldsOf(score)
  }

  get ecs(): EcsFields {
    return this.#on.ecs
  }
}

function fieldsOf(score: Score): Fields {
  const { exemplars: _exemplars, ...explain } = score.explain
  return {
    ...explain,
    detector: score.detector,
    p: score.p,
    ...(score.e === undefined ? {} : { e: score.e }),
    direction: score.direction,
    ...(score.principal === undefined ? {} : { principal: score.principal }),
    ...(score.window === undefined ? {} : { window: score.window }),
  }
}
