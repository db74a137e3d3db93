import { parseCondition } from './condition.ts'
import { applyModifiers } from './modifiers.ts'
import type { Lists } from './pattern.ts'
import type { Condition, Detection, Fault, Item, Path, Pending, Report, Selection } from './syntax.ts'

/** Keys of `detection` that are not selections. */
const RESERVED = ['condition', 'timeframe']

/** Where a detection stands, and which of its keys are not selections. */
export interface DetectionPlace {
  readonly path: Path
  readonly reserved: readonly string[]
}

const IN_RULE: DetectionPlace = { path: ['detection'], reserved: RESERVED }

/** Reads the `detection` of a rule, or the `filter` of a filter. Undefined when something in it was reported. */
export function parseDetection(value: unknown, report: Report, place = IN_RULE): Detection | undefined {
  const { path, reserved } = place
  if (!isMap(value)) {
    report(path, 'it is not a map', 'Write selections and a condition under it')
    return undefined
  }
  const selections = new Map<string, Selection>()
  const names = Object.keys(value).filter((name) => !reserved.includes(name))
  for (const name of names) {
    const selection = parseSelection(value[name], [...path, name], report)
    if (selection) selections.set(name, selection)
  }
  if (names.length === 0) report(path, 'it has no selection', 'Write at least one, such as selection: {field: value}')
  if (names.length > selections.size || names.length === 0) return undefined
  const condition = parseConditions(value['condition'], names, [...path, 'condition'], report)
  return condition && { selections, condition }
}

/** One condition, or a list of which any is enough. */
function parseConditions(value: unknown, names: readonly string[], at: Path, report: Report): Condition | undefined {
  const texts = Array.isArray(value) ? value : [value]
  const parts: Condition[] = []
  for (const [index, text] of texts.entries()) {
    const path = Array.isArray(value) ? [...at, index] : at
    if (typeof text !== 'string' || text.trim() === '') {
      report(path, 'there is no condition', `Write one, such as condition: ${names[0]}`)
      return undefined
    }
    const condition = parseCondition(text, names)
    if ('what' in condition) {
      report(path, `in "${text}" ${condition.what}`, condition.cure)
      return undefined
    }
    parts.push(condition)
  }
  const [only] = parts
  if (!only) report(at, 'the list of conditions is empty', 'Write at least one')
  return parts.length > 1 ? { kind: 'or', parts } : only
}

/** A map is AND, a list of maps OR, a list of anything else keywords. */
function parseSelection(value: unknown, path: Path, report: Report): Selection | undefined {
  if (isMap(value)) return parseMap(value, path, report)
  if (!Array.isArray(value)) return parseKeywords([value], false, path, report)
  if (value.length === 0) {
    report(path, 'the list is empty', 'Write what is looked for, or remove the selection')
    return undefined
  }
  const entries: unknown[] = value
  if (!entries.some(isMap)) return parseKeywords(entries, true, path, report)
  const parts = entries.map((entry, at) =>
    isMap(entry) ? parseMap(entry, [...path, at], report) : parseKeywords([entry], false, [...path, at], report),
  )
  const read = parts.filter((part) => part !== undefined)
  return read.length === parts.length ? { kind: 'any', parts: read } : undefined
}

function parseMap(map: Record<string, unknown>, path: Path, report: Report): Selection | undefined {
  const keys = Object.keys(map)
  if (keys.length === 0) {
    report(path, 'the map is empty', 'Write what is looked for, or remove it')
    return undefined
  }
  const parts = keys.map((key) => parseItem(key, map[key], [...path, key], report))
  const items = parts.filter((part) => part !== undefined).map((item): Selection => ({ kind: 'item', item }))
  return items.length === keys.length ? { kind: 'all', parts: items } : undefined
}

function parseKeywords(values: readonly unknown[], isList: boolean, path: Path, report: Report): Selection | undefined {
  const item = toItem({ written: 'keywords', field: undefined, modifiers: [], values, isList }, path, report)
  return item && { kind: 'item', item }
}

function parseItem(written: string, value: unknown, path: Path, report: Report): Item | undefined {
  const [name = '', ...modifiers] = written.split('|').map((part) => part.trim())
  const field = name.replaceAll(' ', '')
  const isList = Array.isArray(value)
  const values: readonly unknown[] = isList ? value : [value]
  if (isList && values.length === 0) {
    report(path, 'the list of values is empty', 'Write the values, or remove the line')
    return undefined
  }
  return toItem({ written, field: field === '' ? undefined : field, modifiers, values, isList }, path, report)
}

type Written = Omit<Pending, 'file' | 'path' | 'line'> & Pick<Item, 'written' | 'field'>

function toItem({ written, field, ...line }: Written, path: Path, report: Report): Item | undefined {
  const item = makeItem({ written, field }, { file: report.file, path, line: report.line, ...line })
  if ('what' in item) {
    report(path, item.what, item.cure)
    return undefined
  }
  // Finding a line takes reading the text again, so only a pending line is looked for.
  return item.pending ? { ...item, pending: { ...item.pending, line: report.lineOf(path) } } : item
}

/** Works the modifiers of a line into tests. Without lists, a line with placeholders stays pending. */
export function makeItem(named: Pick<Item, 'written' | 'field'>, line: Pending, lists?: Lists): Item | Fault {
  const modified = applyModifiers(line.modifiers, line.values, line.isList, lists)
  if ('what' in modified) return modified
  const { isPending, ...tests } = modified
  if (named.field === undefined && tests.groups.flat().some((test) => NEEDING_FIELD.has(test.kind)))
    return { what: 'keywords are text that is looked for anywhere', cure: 'Name a field, or write text' }
  return { field: named.field, written: named.written, ...tests, ...(isPending ? { pending: line } : {}) }
}

const NEEDING_FIELD: ReadonlySet<string> = new Set(['null', 'exists', 'compare', 'time', 'field', 'network'])

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
