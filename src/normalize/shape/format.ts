import type { Fields, Inference, Logsource, SealedPaths } from '../../contract/event.ts'
import type { RawRecord, Refusal } from '../../contract/record.ts'
import type { Identity, Pseudonyms } from '../principal/pseudonyms.ts'
import type { EcsView } from './ecs-view.ts'

/** One format: how its records are known and what they say. One file each, one line in the list of `index.ts`. */
export interface Format {
  readonly name: string
  readonly summary: string
  /** A cheap look at a few names. Of the listed formats at most one recognises a record. */
  recognises(fields: Fields): boolean
  /** Every event in the record, in order. A format named in the config is asked without `recognises`. Never throws. */
  toEvents(fields: Fields, record: RawRecord, tools: Tools): readonly Draft[] | { readonly refused: Refusal }
  /** A record as the real source writes it; a test reads it. */
  readonly example: unknown
  /** What to set at the source so that it writes this. */
  readonly docs?: string
}

/** What a format says of one event; the normaliser makes the event of it. */
export interface Draft {
  /** Epoch ms; undefined when the record has no time that can be read. */
  readonly at: number | undefined
  readonly logsource: Logsource
  readonly fields: Fields
  readonly sealed: SealedPaths
  readonly principal?: Identity | undefined
  readonly inference?: Inference | undefined
  /** Fills the ECS view, on first use and from the fields alone. What every event has is filled already. */
  readonly describe: Describe
}

export type Describe = (ecs: EcsView, fields: Fields, tools: Tools) => void

/** What formats may use. */
export interface Tools {
  readonly pseudonyms: Pseudonyms
  /** Prompt and output text may stand in the ECS view. */
  readonly keepText: boolean
}

/** Shared by all events of a kind, hence frozen. */
export function logsource(product: string, service?: string, category?: string): Logsource {
  return Object.freeze({
    product,
    ...(service === undefined ? {} : { service }),
    ...(category === undefined ? {} : { category }),
  })
}

export function sealedPaths(identity: readonly string[], text: readonly string[] = []): SealedPaths {
  return Object.freeze({ identity: Object.freeze([...identity]), text: Object.freeze([...text]) })
}

/** `names`, parted by spaces, as dotted paths below `parent`. */
export function below(parent: string, names: string): readonly string[] {
  return names.split(' ').map((name) => `${parent}.${name}`)
}
