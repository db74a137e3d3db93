import type { Event } from '../contract/event.ts'
import { formats } from '../normalize/index.ts'
import { openNormalizer } from '../normalize/normalizer.ts'
import { Pseudonyms } from '../normalize/principal/pseudonyms.ts'
import type { LoadedRules } from '../rules/load.ts'
import { runRuleTests, type TestStep } from '../rules/rule-tests.ts'
import type { Problem } from '../runtime/errors.ts'

/** Turns a rule test that names a format into events, the way real records go. The key is fixed: tests print the same everywhere. */
export function normaliseTest(): (test: TestStep) => readonly Event[] {
  const normalizer = openNormalizer({ pseudonyms: new Pseudonyms(Buffer.alloc(32, 7)), mappings: [] })
  return (test) => {
    const bytes = Buffer.from(JSON.stringify(test.event))
    const result = normalizer.normalize({
      source: 'rule-test',
      stream: 'rule-test',
      offset: 0,
      bytes,
      receivedAt: Date.UTC(2030, 0, 1),
      ...(test.format === undefined ? {} : { format: test.format }),
    })
    if (!('refused' in result)) return result.events
    const { reason, detail } = result.refused
    // The normaliser's words would send the reader to a source that is not there.
    if (reason === 'unknown_format') throw new Error(unknownFormat(test.format))
    throw new Error(`the event cannot be read as ${test.format ?? 'any format'}: ${detail}`)
  }
}

function unknownFormat(named: string | undefined): string {
  const names = formats.map(({ name }) => name).join(', ')
  return named === undefined
    ? `no format recognises the event; name its format, one of ${names}`
    : `there is no format ${named}; name one of ${names}`
}

/** Everything that speaks against using a pack: rules that did not load, and tests inside rules that fail. Other people's rules may have none. */
export function packProblems(loaded: LoadedRules, toEvents: (test: TestStep) => readonly Event[]): readonly Problem[] {
  const failing = runRuleTests(loaded, toEvents, { onlyTested: true }).filter((result) => !result.passed)
  return [
    ...loaded.problems,
    ...failing.map((result) => ({
      file: result.file,
      part: `tests: ${result.name}`,
      what: result.detail,
      cure: 'Mend the rule or its test (`modelward rules test` runs them)',
    })),
  ]
}
