import { parse, parseAllDocuments } from 'yaml'
import { sharedData } from './shared-data.ts'
import { readTarGz } from './tar.ts'

/** SigmaHQ's own files at one commit, as they stand beside the project. */
export interface SigmaHq {
  /** Path -> text. */
  readonly rules: readonly { readonly file: string; readonly text: string }[]
  readonly pairs: readonly RegressionPair[]
  /** Their table of Windows log sources, `tests/thor.yml`. */
  readonly thor: readonly ThorSource[]
}

/** A rule and events on which it must fire. */
export interface RegressionPair {
  readonly rule: string
  readonly file: string
  /** How many of the events must match: what `info.yml` says, or 1. */
  readonly count: number
  readonly records: readonly string[]
}

export interface ThorSource {
  readonly category?: string
  readonly product?: string
  readonly service?: string
  readonly conditions?: Readonly<Record<string, unknown>>
  readonly rewrite?: { readonly product: string; readonly service: string }
  readonly fieldmappings?: Readonly<Record<string, string>>
  readonly sources?: readonly string[]
}

export function readSigmaHq(): SigmaHq {
  const data = readTarGz(sharedData('sigma', 'sigmahq-regression-8eaafff1.tar.gz'))
  const ruleFiles = readTarGz(sharedData('sigma', 'sigmahq-rules-8eaafff1.tar.gz'))
  const rules = [...ruleFiles]
    .filter(([file]) => /^rules.*\.ya?ml$/.test(file))
    .map(([file, bytes]) => ({ file, text: bytes.toString() }))
  const infos = [...data].filter(([file]) => file.endsWith('/info.yml'))
  const thor = parse((data.get('tests/thor.yml') ?? ruleFiles.get('tests/thor.yml') ?? '').toString()) as {
    readonly logsources: Readonly<Record<string, ThorSource>>
  }
  return {
    rules,
    pairs: infos.flatMap(([file, bytes]) => pairsOf(file, bytes.toString(), data)),
    thor: Object.values(thor.logsources),
  }
}

function pairsOf(file: string, text: string, data: ReadonlyMap<string, Buffer>): readonly RegressionPair[] {
  const info: unknown = parseAllDocuments(text)[0]?.toJS()
  const { rule_metadata, regression_tests_info } = info as {
    readonly rule_metadata: readonly { readonly id: string }[]
    readonly regression_tests_info?: readonly { readonly match_count?: number }[]
  }
  const [rule] = rule_metadata
  const json = data.get(file.replace(/info\.yml$/, `${rule?.id}.json`))
  if (!rule || !json) return []
  const count = regression_tests_info?.[0]?.match_count ?? 1
  return [
    {
      rule: rule.id,
      file,
      count,
      records: json
        .toString()
        .trim()
        .split(/(?<=^\})\s+(?=\{)/m),
    },
  ]
}
