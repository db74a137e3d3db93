import type { EcsFields } from '../contract/event.ts'
import type { Finding } from '../contract/rules.ts'
import { shortened } from './evidence.ts'
import { principalOf } from './fingerprint.ts'
import { Scrubber } from './seal.ts'

const RESOURCES = [
  'orchestrator.resource.name',
  'cloud.target.service.name',
  'file.path',
  'url.path',
  'user.target.name',
  'service.target.name',
  'gen_ai.request.model',
  'service.name',
  'host.name',
]
const ORIGINS = ['source.ip', 'client.ip', 'source.address', 'client.address', 'host.ip']

/** One sentence, at most 512 characters: the rule's title, then what was seen, by whom. Nothing a terminal or log would obey. */
export function sentenceOf(finding: Finding): string {
  const { rule, event, score } = finding
  const scrubber = new Scrubber(score?.event ?? event)
  const principal = principalOf(finding)
  const seen = score
    ? [scrubber.string(score.explain.text), principal === undefined ? '' : `(${principal})`].filter(Boolean).join(' ')
    : doing(event.ecs, principal)
  return shortened(visible(seen === '' ? rule.title : `${rule.title}: ${seen}`))
}

/** The sentence of a rule's overflow alert. */
export function overflowSentence(title: string, limit: number, count: number): string {
  return shortened(visible(`${title}: more than ${limit} alerts are open; ${count} further findings are counted here`))
}

/** A finding's weight among those of its alert: the smaller the p-value, the stronger; rules without scores: the first. */
export function strengthOf({ score }: Finding): number {
  if (!score || score.p === null) return 0
  return score.p > 0 ? Math.max(0, Math.min(-Math.log10(score.p), 1_000)) : 1_000
}

function doing(ecs: EcsFields, principal: string | undefined): string {
  const resource = firstOf(ecs, RESOURCES)
  const origin = firstOf(ecs, ORIGINS)
  return [
    firstOf(ecs, ['event.action']),
    resource === '' ? '' : `on ${resource}`,
    principal === undefined ? '' : `by ${principal}`,
    origin === '' ? '' : `from ${origin}`,
  ]
    .filter(Boolean)
    .join(' ')
}

function firstOf(ecs: EcsFields, names: readonly string[]): string {
  for (const name of names) {
    const value = ecs[name]
    const text = String((typeof value === 'object' ? value[0] : value) ?? '')
    if (text !== '') return shortened(text)
  }
  return ''
}

/** Control, line-breaking, direction-changing and invisible characters, written out as `\u{…}`. */
function visible(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}
