import type { Fields, Normalized, Normalizer } from '../contract/event.ts'
import type { RawRecord, Refusal } from '../contract/record.ts'
import { ConfigError, type Problem } from '../runtime/errors.ts'
import { type FieldMapping, mappedFormat } from './mapping.ts'
import { formats } from './index.ts'
import type { Pseudonyms } from './principal/pseudonyms.ts'
import { EventIds } from './shape/event-id.ts'
import type { Draft, Format, Tools } from './shape/format.ts'
import { NormalizedEvent } from './shape/normalized-event.ts'
import { parseRecord } from './shape/parse.ts'

export interface NormalizerOptions {
  readonly pseudonyms: Pseudonyms
  /** The operator's own JSON formats: tried before the built-in ones, in order. */
  readonly mappings?: readonly FieldMapping[]
  /** Names of built-in formats that are not recognised by themselves; a source may still name them. */
  readonly disabled?: readonly string[]
  /** Prompt and output text may stand in the ECS view, as `modelward.prompt` and `modelward.output`. Default false. */
  readonly keepText?: boolean
}

/**
 * record -> events. Refusals: `not_json`, `not_an_object`, `too_deep` (over 64 levels), `too_many_keys` (over 1,000 in
 * one object), `unknown_format`, `format_failed` (a mistake of ours), and whatever the collector refused. Throws
 * ConfigError for a mapping whose name is taken or a disabled format that does not exist.
 */
export function openNormalizer(options: NormalizerOptions): Normalizer {
  const problems = problemsOf(options)
  if (problems.length > 0) throw new ConfigError(problems)
  return new RecordNormalizer(options)
}

function problemsOf({ mappings = [], disabled = [] }: NormalizerOptions): readonly Problem[] {
  const known = new Set(formats.map((format) => format.name))
  const problems: Problem[] = []
  for (const name of disabled)
    if (!known.has(name))
      problems.push({
        file: 'config',
        part: 'normalize.disabled',
        what: `there is no format ${name}`,
        cure: `The formats are ${[...known].join(', ')}.`,
      })
  for (const [index, { name }] of mappings.entries()) {
    if (known.has(name))
      problems.push({
        file: 'config',
        part: `normalize.mappings[${index}].name`,
        what: `there is a format ${name} already`,
        cure: 'Give the mapping another name.',
      })
    known.add(name)
  }
  return problems
}

class RecordNormalizer implements Normalizer {
  readonly #mapped: readonly Format[]
  readonly #builtIn: readonly Format[]
  readonly #byName: ReadonlyMap<string, Format>
  readonly #tools: Tools
  readonly #ids = new EventIds()
  /** The built-in format last seen at each source. Formats exclude each other, so the order of trying changes nothing. */
  readonly #lastOf = new Map<string, Format>()

  constructor(options: NormalizerOptions) {
    const disabled = new Set(options.disabled)
    this.#mapped = (options.mappings ?? []).map(mappedFormat)
    this.#builtIn = formats.filter((format) => !disabled.has(format.name))
    this.#byName = new Map([...formats, ...this.#mapped].map((format) => [format.name, format]))
    this.#tools = { pseudonyms: options.pseudonyms, keepText: options.keepText === true }
  }

  normalize(record: RawRecord): Normalized {
    if (record.refused) return { refused: record.refused }
    const parsed = parseRecord(record.bytes)
    if ('refused' in parsed) return parsed
    const { fields, encodingError } = parsed
    const format =
      record.format === undefined ? this.#recognise(fields, record.source) : this.#byName.get(record.format)
    if (!format) return { refused: unknownFormat(record, fields) }
    try {
      const drafts = format.toEvents(fields, record, this.#tools)
      if ('refused' in drafts) return drafts
      return { events: this.#events(encodingError ? drafts.map(marked) : drafts, format, record, encodingError) }
    } catch (error) {
      const detail = `the format ${format.name} failed: ${error instanceof Error ? error.message : 'unknown'}`
      return { refused: { reason: 'format_failed', detail } }
    }
  }

  #events(drafts: readonly Draft[], format: Format, record: RawRecord, encodingError: boolean): NormalizedEvent[] {
    const [only] = drafts
    if (drafts.length === 1 && only)
      return [new NormalizedEvent(this.#ids.only(record), format.name, only, record, encodingError, this.#tools)]
    this.#ids.several(record)
    return drafts.map(
      (draft, part) =>
        new NormalizedEvent(this.#ids.part(part), format.name, draft, record, encodingError, this.#tools),
    )
  }

  #recognise(fields: Fields, source: string): Format | undefined {
    for (const format of this.#mapped) if (format.recognises(fields)) return format
    const last = this.#lastOf.get(source)
    if (last?.recognises(fields)) return last
    const found = this.#builtIn.find((format) => format.recognises(fields))
    if (found) this.#lastOf.set(source, found)
    return found
  }
}

/** Rules see that the text of this event is not what was sent. */
function marked(draft: Draft): Draft {
  return { ...draft, fields: { ...draft.fields, modelward: { encoding_error: true } } }
}

function unknownFormat(record: RawRecord, fields: Fields): Refusal {
  if (record.format !== undefined)
    return {
      reason: 'unknown_format',
      detail: `the source ${record.source} names the format ${record.format}, which does not exist; name one of ${names()} or a mapping`,
    }
  const keys = Object.keys(fields).slice(0, 8).join(', ').slice(0, 200)
  return {
    reason: 'unknown_format',
    detail: `no format recognises a record with ${keys || 'no fields'}; name the format at the source ${record.source} (one of ${names()}), or describe it under normalize.mappings`,
  }
}

function names(): string {
  return formats.map((format) => format.name).join(', ')
}
