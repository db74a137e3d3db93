import { z } from 'zod'
import { durationWithin } from '../../runtime/duration.ts'
import type { RuleTest, TestStep } from './syntax.ts'

type Logsource = NonNullable<TestStep['logsource']>

/** A test has at most this many events. */
const MOST_STEPS = 10_000
const Word = z.string().min(1).optional()
const Scalar = z.union([z.string(), z.number(), z.boolean()])

/** What an event of a test is made of: how one is written by itself, and as one of several. */
const given = {
  format: z
    .string()
    .min(1)
    .optional()
    .describe(
      '`event` is a raw record of this format and goes through its normaliser. Default: the event as rules see it',
    ),
  event: z.record(z.string(), z.unknown()),
  ecs: z.record(z.string(), Scalar).optional().describe('ECS fields of an event without a format'),
  principal: z.string().min(1).optional().describe('Who acted, of an event without a format: `key:3f`'),
  logsource: z
    .strictObject({ category: Word, product: Word, service: Word })
    .optional()
    .describe(
      'Log source of an event without a format. Default: that of the rule, or of the rules that feed a correlation',
    ),
}

const Step = z.strictObject({
  at: durationWithin('0s', '10y').describe(
    'When it happens, after the begin of the test. A record of a format that has its own time keeps that time',
  ),
  ...given,
})

/** One test: either `event`, or `events` with their times and perhaps `until`. */
export const TestDocument = z
  .strictObject({
    name: z.string().min(1),
    fires: z.boolean().describe('Whether the rule holds at any event, or when the clock has reached `until`'),
    ...given,
    event: given.event.optional(),
    events: z.array(Step).min(1).max(MOST_STEPS).optional().describe('Several events, in the order in which they come'),
    until: durationWithin('0s', '10y')
      .optional()
      .describe('After the events the clock goes on to here, counted from the begin of the test'),
  })
  .superRefine((test, context) => {
    const wrong = (path: string, message: string, cure: string): void => {
      context.addIssue({ code: 'custom', path: [path], message, params: { cure } })
    }
    if (test.event === undefined && test.events === undefined)
      wrong('event', 'it is missing', 'Write it: a map of keys and values; or events with their times')
    if (test.events === undefined) return
    for (const key of ['event', 'format', 'ecs', 'principal', 'logsource'] as const)
      if (test[key] !== undefined) wrong(key, 'it stands beside events', 'Write it at the events that it belongs to')
    for (const [place, { at }] of test.events.entries()) {
      const before = test.events[place - 1]
      if (before && at < before.at)
        wrong('events', `event ${place + 1} comes before event ${place}`, 'Order them by time')
    }
  })
export type TestDocument = z.infer<typeof TestDocument>

/** The tests of a rule or a correlation, as they are run. */
export function testsOf(documents: readonly TestDocument[] = []): readonly RuleTest[] {
  return documents.map(({ name, fires, until, events, event = {}, ...rest }) => ({
    name,
    fires,
    steps: events === undefined ? [stepOf({ at: 0, event, ...rest })] : events.map(stepOf),
    ...(until === undefined ? {} : { untilMs: until }),
  }))
}

function stepOf({ at, event, format, ecs, principal, logsource }: z.infer<typeof Step>): TestStep {
  return {
    atMs: at,
    event,
    ...(format === undefined ? {} : { format }),
    ...(ecs === undefined ? {} : { ecs }),
    ...(principal === undefined ? {} : { principal }),
    ...(logsource === undefined ? {} : { logsource: logsourceOf(logsource) }),
  }
}

function logsourceOf({ category, product, service }: NonNullable<z.infer<typeof Step>['logsource']>): Logsource {
  return {
    ...(category === undefined ? {} : { category }),
    ...(product === undefined ? {} : { product }),
    ...(service === undefined ? {} : { service }),
  }
}
