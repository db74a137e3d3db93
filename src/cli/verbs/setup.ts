import { setUpElasticsearch } from '../../app/setup.ts'
import { UsageError } from '../../runtime/errors.ts'
import { paint, printable } from '../call/io.ts'
import { textFlag, textFlags, type Call, type Verb } from '../call/verb.ts'

/** `setup elasticsearch`: templates and dashboards, once, with a role that may do just that. */
export const setup: Verb = {
  name: 'setup elasticsearch',
  summary: 'installs templates and the data stream, and with --kibana the data view and dashboard',
  usage:
    '[-c FILE --sink NAME] [--node URL] [--user NAME --password REF | --api-key REF] [--ca FILE] [--namespace NAME] [--kibana URL]',
  examples: [
    "modelward setup elasticsearch --node https://es.example.com:9200 --api-key '${env:ES_SETUP_KEY}'",
    'modelward setup elasticsearch -c modelward.yaml --sink elasticsearch --kibana https://kibana.example.com',
  ],
  options: {
    sink: { type: 'string' },
    node: { type: 'string', multiple: true },
    user: { type: 'string' },
    password: { type: 'string' },
    'api-key': { type: 'string' },
    ca: { type: 'string' },
    namespace: { type: 'string' },
    kibana: { type: 'string' },
    substitute: { type: 'string', multiple: true },
  },
  async run(call) {
    const { io } = call
    const [config, sink, kibana] = [textFlag(call, 'config'), textFlag(call, 'sink'), textFlag(call, 'kibana')]
    if (sink === undefined && textFlags(call, 'node').length === 0)
      throw new UsageError('modelward setup elasticsearch needs --node URL, or -c FILE with --sink NAME')
    const report = await setUpElasticsearch(
      {
        settings: settingsOf(call),
        substitutes: substitutesOf(call),
        ...(config === undefined ? {} : { config }),
        ...(sink === undefined ? {} : { sink }),
        ...(kibana === undefined ? {} : { kibana }),
      },
      call.signal,
    )
    for (const step of report.steps)
      if (io.asJson) io.json({ kind: 'step', ...step })
      else
        io.line(
          `${paint(io, step.result === 'failed' ? 'red' : 'green', step.result.padEnd(8))}  ${printable(`${step.name}  ${step.detail}`)}`,
        )
    return report.ready ? 0 : 1
  },
}

/** The flags as the Elasticsearch sink's own keys. Secrets are given by reference, as in the config. */
function settingsOf(call: Call): Record<string, unknown> {
  const settings: Record<string, unknown> = {}
  const nodes = textFlags(call, 'node')
  if (nodes.length > 0) settings['nodes'] = nodes
  for (const name of ['ca', 'namespace'] as const)
    if (textFlag(call, name) !== undefined) settings[name] = textFlag(call, name)
  if (textFlag(call, 'api-key') !== undefined) settings['auth'] = { apiKey: textFlag(call, 'api-key') }
  if (textFlag(call, 'user') !== undefined)
    settings['auth'] = { username: textFlag(call, 'user'), password: textFlag(call, 'password') }
  return settings
}

/** `--substitute wildcard=keyword`: for clusters that lack a field type. */
function substitutesOf(call: Call): Record<string, string> {
  return Object.fromEntries(
    textFlags(call, 'substitute').map((text) => {
      const [from, to] = text.split('=')
      if (!from || !to) throw new UsageError(`--substitute ${text}: write TYPE=TYPE`)
      return [from, to]
    }),
  )
}
