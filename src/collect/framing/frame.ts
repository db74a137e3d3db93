import type { Refusal } from '../../contract/record.ts'
import type { ScannerState } from './json-scanner.ts'

/** One record of a stream. `offset` counts bytes of the stream given, `index` its records, both from 0. */
export interface Frame {
  readonly offset: number
  /** A view into the chunk where the record lies inside it. Of a refused record the first KiB at most. */
  readonly bytes: Uint8Array
  readonly index: number
  readonly refused?: Refusal
}

export interface FramerOptions {
  /** Bytes; a longer record is refused. Default 1 MiB. */
  readonly recordLimit?: number
  /** Levels of nesting inside one record; a deeper one is refused. Default 64. */
  readonly depthLimit?: number
}

/** Plain JSON: all that is needed to go on reading at `offset`, the first byte that is in no frame yet. */
export interface FramerState {
  readonly offset: number
  readonly index: number
  readonly place: Place
  /** Records stand one on a line, as far as has been seen. */
  readonly lines: boolean
  readonly gap: Gap
  /** The list of records is a member of an envelope, not a document itself. */
  readonly envelope: boolean
  /** Set while the rest of a refused record is passed over: where to go on behind it. */
  readonly behind?: Place
  readonly scanner?: ScannerState
}

/**
 * Where the framer stands: `between` documents; in a `line`, a `text` line, a `document`; `opening`: behind a bracket
 * that may begin an array of records; `probing`: behind one that may begin an envelope's list; in the `list`, in an
 * `element` of it, in the envelope's `tail` behind it; in `garbage`, which ends before the next line that begins with `{`.
 */
export type Place =
  | 'between'
  | 'line'
  | 'text'
  | 'document'
  | 'opening'
  | 'probing'
  | 'list'
  | 'element'
  | 'tail'
  | 'garbage'

/** What has been seen since the last record. In a list a comma is due, and a line that begins with `{` without one ends the list. */
export type Gap = 'none' | 'newline' | 'comma'
