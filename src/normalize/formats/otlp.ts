import type { Fields } from '../../contract/event.ts'
import type { EcsView } from '../shape/ecs-view.ts'
import { type Draft, type Format, type Tools, logsource, sealedPaths } from '../shape/format.ts'
import { timeOf } from '../shape/time.ts'
import { isRecord, listOf, numberOf, recordOf, textOf } from '../shape/values.ts'
import { type Attributes, attributesOf, nested, plainValue } from './otlp/attributes.ts'
import {
  IDENTITY_ATTRIBUTES,
  TEXT_ATTRIBUTES,
  attribute,
  callerOf,
  isModelRequest,
  modelRequest,
} from './otlp/gen-ai.ts'

/**
 * OpenTelemetry traces and logs as OTLP/HTTP JSON. Each span and each log record is an event; its attributes stand
 * nested at the top of `fields`, the rest under `span` or `log`, with `resource` and `scope` beside them.
 */
export const otlp: Format = {
  name: 'otlp',
  summary: 'OpenTelemetry traces and logs (OTLP JSON) with GenAI attributes, old names and new',
  recognises: (fields) => Array.isArray(fields['resourceSpans']) || Array.isArray(fields['resourceLogs']),
  toEvents(fields, _record, tools) {
    const drafts: Draft[] = []
    eachItem(fields['resourceSpans'], 'scopeSpans', 'spans', (span, around) =>
      drafts.push(spanDraft(span, around, tools)),
    )
    eachItem(fields['resourceLogs'], 'scopeLogs', 'logRecords', (log, around) =>
      drafts.push(logDraft(log, around, tools)),
    )
    return drafts
  },
  example: {
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'rx-assistant' } }] },
        scopeSpans: [
          {
            scope: { name: 'openai-instr' },
            spans: [
              {
                traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
                spanId: '00f067aa0ba902b7',
                name: 'chat gpt-4',
                kind: 3,
                startTimeUnixNano: '1767614400000000000',
                endTimeUnixNano: '1767614401900000000',
                attributes: [
                  { key: 'gen_ai.provider.name', value: { stringValue: 'openai' } },
                  { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } },
                  { key: 'gen_ai.request.model', value: { stringValue: 'gpt-4' } },
                  { key: 'gen_ai.response.model', value: { stringValue: 'gpt-4-0613' } },
                  { key: 'gen_ai.usage.input_tokens', value: { intValue: '52' } },
                  { key: 'gen_ai.usage.output_tokens', value: { intValue: '47' } },
                  {
                    key: 'gen_ai.response.finish_reasons',
                    value: { arrayValue: { values: [{ stringValue: 'stop' }] } },
                  },
                  { key: 'enduser.id', value: { stringValue: 'ann@example.com' } },
                ],
                status: {},
              },
            ],
          },
        ],
      },
    ],
  },
  docs: 'OTEL_EXPORTER_OTLP_PROTOCOL=http/json with the daemon as endpoint, or a collector’s otlphttp exporter with encoding: json. Send either spans or gen_ai.client.inference.operation.details events: each counts as one request. enduser.id (or a key’s SHA-256 as gen_ai.request.api_key_hash) says who asked.',
}

const MODEL_REQUEST = logsource('otel', undefined, 'inference')
const TRACES = logsource('otel', 'traces')
const LOGS = logsource('otel', 'logs')
const SEALED = sealedPaths(
  [...IDENTITY_ATTRIBUTES, ...IDENTITY_ATTRIBUTES.map((name) => `resource.${name}`)],
  [...TEXT_ATTRIBUTES, 'span.events', 'span.status.message', 'log.body'],
)

/** What a span or log record stands in. */
interface Around {
  readonly resource: Attributes
  readonly scope: unknown
}

function eachItem(
  groups: unknown,
  scopesName: string,
  itemsName: string,
  take: (item: Fields, around: Around) => void,
): void {
  for (const group of listOf(groups)) {
    if (!isRecord(group)) continue
    const resource = attributesOf(recordOf(group['resource'])?.['attributes'])
    for (const scoped of listOf(group[scopesName])) {
      if (!isRecord(scoped)) continue
      const around = { resource, scope: recordOf(scoped['scope'])?.['name'] }
      for (const item of listOf(scoped[itemsName])) if (isRecord(item)) take(item, around)
    }
  }
}

function spanDraft(span: Fields, around: Around, tools: Tools): Draft {
  const attributes = attributesOf(span['attributes'])
  const request = isModelRequest(attributes)
  const { attributes: _, ...own } = span
  const fields = { ...nested(attributes), span: own, resource: nested(around.resource), scope: around.scope }
  const surroundings = { failed: hasFailed(span), latencyMs: latencyOf(span), events: listOf(span['events']) }
  return {
    at: timeOf(span['startTimeUnixNano']) ?? timeOf(span['endTimeUnixNano']),
    logsource: request ? MODEL_REQUEST : TRACES,
    fields,
    sealed: SEALED,
    principal: callerOf(attributes, around.resource),
    inference: request ? modelRequest(attributes, surroundings, tools) : undefined,
    describe: (ecs) => describe(ecs, attributes, around, span),
  }
}

/** Since 1.37 one event may carry what the span carries. */
const DETAILS = 'gen_ai.client.inference.operation.details'

function logDraft(log: Fields, around: Around, tools: Tools): Draft {
  const attributes = attributesOf(log['attributes'])
  const name = textOf(log['eventName']) ?? textOf(attributes.get('event.name'))
  const request = name === DETAILS && isModelRequest(attributes)
  const { attributes: _, body, ...own } = log
  const fields = {
    ...nested(attributes),
    log: { ...own, ...(name === undefined ? {} : { event_name: name }), body: plainValue(body) },
    resource: nested(around.resource),
    scope: around.scope,
  }
  return {
    at: timeOf(log['timeUnixNano']) ?? timeOf(log['observedTimeUnixNano']),
    logsource: request ? MODEL_REQUEST : LOGS,
    fields,
    sealed: SEALED,
    principal: callerOf(attributes, around.resource),
    inference: request
      ? modelRequest(attributes, { failed: false, latencyMs: undefined, events: [] }, tools)
      : undefined,
    describe: (ecs) => describe(ecs, attributes, around, { ...log, name }),
  }
}

/** STATUS_CODE_ERROR is 2; some exporters write the name. */
function hasFailed(span: Fields): boolean {
  const code = recordOf(span['status'])?.['code']
  return code === 2 || code === '2' || code === 'STATUS_CODE_ERROR'
}

function latencyOf(span: Fields): number | undefined {
  const [start, end] = [numberOf(span['startTimeUnixNano']), numberOf(span['endTimeUnixNano'])]
  return start === undefined || end === undefined || end < start ? undefined : (end - start) / 1e6
}

function describe(ecs: EcsView, attributes: Attributes, around: Around, item: Fields): void {
  const operation = textOf(attribute(attributes, 'operation'))
  ecs.event('api', ['access'], operation ?? item['name'], !hasFailed(item) && !attributes.has('error.type'))
  ecs.dataset('otel.gen_ai', around.scope)
  ecs.word('service.name', around.resource.get('service.name'))
  ecs.word('service.version', around.resource.get('service.version'))
  ecs.word('cloud.provider', around.resource.get('cloud.provider'))
  ecs.word('cloud.region', around.resource.get('cloud.region'))
  ecs.word('trace.id', item['traceId'])
  ecs.word('span.id', item['spanId'])
  for (const name of PLAIN_WORDS) ecs.word(name, attributes.get(name))
  ecs.word('gen_ai.request.model', attributes.get('gen_ai.request.model'))
  ecs.word('modelward.inference.server', attributes.get('server.address'))
  ecs.source(attribute(attributes, 'address'))
  ecs.word('user_agent.original', attribute(attributes, 'userAgent'))
  ecs.durationMs(latencyOf(item))
}

/** Attributes whose names and types are the same in ECS. */
const PLAIN_WORDS = [
  'gen_ai.response.id',
  'gen_ai.response.model',
  'gen_ai.agent.id',
  'gen_ai.agent.name',
  'gen_ai.tool.name',
  'gen_ai.tool.type',
  'gen_ai.tool.call.id',
  'error.type',
]
