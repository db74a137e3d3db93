import { z } from 'zod'
import { durationWithin } from '../../runtime/duration.ts'
import type { Absence, FirstSeen } from './syntax.ts'

/** A tuple or a group has at most this many fields. */
const MOST_FIELDS = 10
/** `principal`, or the dotted name of a field. */
export const FieldName = z.string().regex(/^[^\s|*?]+$/, 'is not the name of a field')
const Names = z.array(FieldName).max(MOST_FIELDS)

/** `modelward.first_seen`: the rule holds only for what is new. */
export const FirstSeenDocument = z
  .strictObject({
    fields: Names.min(1).describe(
      'What must be new together: `principal` (the pseudonym of who acted), or dotted fields, own or ECS. Events that lack one of them count for nothing',
    ),
    learning: durationWithin('0s', '365d').describe(
      'For so long (event time) after the first event that the detection ever selected, the rule only learns',
    ),
    remember: durationWithin('1m', '730d').describe(
      'Values that were not seen for longer than this (event time) are new again. At least `learning`',
    ),
  })
  .superRefine(({ learning, remember }, context) => {
    const message = 'it is shorter than learning, so that what was learned would be forgotten before it counts'
    const cure = 'Make remember at least as long as learning'
    if (remember < learning) context.addIssue({ code: 'custom', path: ['remember'], message, params: { cure } })
  })
  .describe(
    'The rule holds for an event that its detection selects only where the values of these fields were not seen together before; every event that it selects teaches it',
  )

/** `modelward.absence`: the rule holds when what its detection selects stays away. */
export const AbsenceDocument = z
  .strictObject({
    timespan: durationWithin('1s', '365d').describe(
      'How long (by the clock of the daemon) the heartbeat may stay away',
    ),
    'group-by': Names.min(1)
      .optional()
      .describe(
        'A heartbeat of its own for each value of these fields, known from its first event on. Default: one heartbeat',
      ),
    group_by: Names.min(1).optional().describe('The same as `group-by`'),
  })
  .superRefine((absence, context) => {
    if (absence['group-by'] === undefined || absence.group_by === undefined) return
    const params = { cure: 'Keep one of the two' }
    context.addIssue({ code: 'custom', path: ['group_by'], message: 'it stands beside group-by', params })
  })
  .describe(
    'The detection selects a heartbeat; the rule holds, once, when no event of a group has come for `timespan`, and again only after the heartbeat came back',
  )

export interface MemoryDocument {
  readonly first_seen?: z.infer<typeof FirstSeenDocument> | undefined
  readonly absence?: z.infer<typeof AbsenceDocument> | undefined
}

/** What a rule must remember, as `modelward:` says it. */
export function memoryOf({ first_seen: first, absence }: MemoryDocument): FirstSeen | Absence | undefined {
  if (first) return { kind: 'first_seen', fields: first.fields, learningMs: first.learning, rememberMs: first.remember }
  if (!absence) return undefined
  return { kind: 'absence', timespanMs: absence.timespan, groupBy: absence['group-by'] ?? absence.group_by ?? [] }
}
