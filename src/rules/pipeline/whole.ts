import { z } from 'zod'
import { parseDetection } from '../parse/detection.ts'
import type { Condition, Fault, Origin, Path, Selection } from '../parse/syntax.ts'
import { Logsource } from './conditions.ts'
import { changeItems, kindOf, type Kind, type Transformation } from './step.ts'
import { draftOf, marked, Refusal, type Work } from './work.ts'

const Name = z.string().min(1)
const Message = z.strictObject({ message: Name })
const Fields = z.union([Name, z.array(Name)])
const Value = z.union([z.string(), z.number(), z.boolean(), z.null()])
/** Nothing here reads the list of fields that a rule would show: these steps are taken and change nothing. */
const noEffect: Transformation = () => undefined

const AddCondition = z.strictObject({
  conditions: z.record(z.string(), z.union([Value, z.array(Value).min(1)])),
  name: Name.optional(),
  template: z.boolean().default(false),
  negated: z.boolean().default(false),
})

/** Steps on the rule as a whole, or that take items away. */
export const WHOLE_TRANSFORMATIONS: readonly (readonly [string, Kind<Transformation>])[] = [
  [
    'drop_detection_item',
    kindOf(z.strictObject({}), (): Transformation => (work, scope) => {
      changeItems(work, scope, () => ({ kind: 'any', parts: [] }))
    }),
  ],
  ['add_condition', addCondition()],
  [
    'change_logsource',
    kindOf(Logsource, (logsource): Transformation => (work) => {
      if (!work.correlation) work.facts = { ...work.facts, logsource }
    }),
  ],
  ['add_field', kindOf(z.strictObject({ field: Fields }), () => noEffect)],
  ['remove_field', kindOf(z.strictObject({ field: Fields }), () => noEffect)],
  ['set_field', kindOf(z.strictObject({ fields: z.array(Name) }), () => noEffect)],
  [
    'set_state',
    kindOf(z.strictObject({ key: Name, val: Value }), ({ key, val }): Transformation => (work) => {
      work.state.set(key, val)
    }),
  ],
  [
    'set_custom_attribute',
    kindOf(
      z.strictObject({ attribute: Name, value: z.unknown() }),
      ({ attribute, value }): Transformation =>
        (work) => {
          work.attributes.set(attribute, value)
        },
    ),
  ],
  [
    'rule_failure',
    kindOf(Message, ({ message }): Transformation => () => {
      throw new Refusal(message, 'Leave the rule out, or change the pipeline')
    }),
  ],
  [
    'detection_item_failure',
    kindOf(Message, ({ message }): Transformation => (work, scope) => {
      changeItems(work, scope, ({ item }) => {
        throw new Refusal(`${item.written}: ${message}`, 'Leave the rule out, or change the pipeline')
      })
    }),
  ],
]

function addCondition(): Kind<Transformation> {
  return kindOf(AddCondition, ({ conditions, name, template, negated }, path, origin) => {
    const checked = selectionOf(conditions, path, origin)
    if ('what' in checked) return checked
    return (work, scope) => {
      if (!work.detection) return
      const selection = template ? selectionOf(filled(conditions, work), path, origin) : checked
      if ('what' in selection) throw new Refusal(selection.what, selection.cure)
      const { selections, condition } = work.detection
      const called = freeName(name ?? '_cond', selections)
      const added: Condition = { kind: 'selection', name: called }
      const part: Condition = negated ? { kind: 'not', part: added } : added
      work.detection = {
        selections: new Map([...selections, [called, marked(draftOf(selection), scope.id)]]),
        condition: { kind: 'and', parts: [part, condition] },
      }
    }
  })
}

/** The conditions of the step at `path`. Placeholders stay pending, as those of a rule do. */
function selectionOf(
  conditions: Readonly<Record<string, unknown>>,
  path: Path,
  { file, line, lineOf }: Origin,
): Selection | Fault {
  const faults: Fault[] = []
  const tell = (part: Path, what: string, cure: string): void => {
    faults.push({ what: `${part.slice(path.length + 1).join('.')}: ${what}`, cure })
  }
  const detection = parseDetection(
    { conditions, condition: 'conditions' },
    Object.assign(tell, { file, line, lineOf }),
    { path, reserved: ['condition'] },
  )
  const [fault = { what: 'the conditions cannot be read', cure: 'Write fields and values' }] = faults
  return detection?.selections.get('conditions') ?? fault
}

/** `$category`, `$product` and `$service` become the log source's; a part that it lacks stays as it is written. */
function filled(conditions: z.infer<typeof AddCondition>['conditions'], { facts }: Work): Record<string, unknown> {
  const fill = (value: unknown): unknown =>
    typeof value === 'string'
      ? value.replaceAll(
          /\$(?:\{(category|product|service)\}|(category|product|service)\b)/g,
          (whole, braced?: keyof typeof facts.logsource, bare?: keyof typeof facts.logsource) =>
            facts.logsource[braced ?? bare ?? 'category'] ?? whole,
        )
      : value
  return Object.fromEntries(
    Object.entries(conditions).map(([field, value]) => [field, Array.isArray(value) ? value.map(fill) : fill(value)]),
  )
}

function freeName(wanted: string, taken: ReadonlyMap<string, unknown>): string {
  let name = wanted
  for (let at = 2; taken.has(name); at++) name = `${wanted}_${at}`
  return name
}
