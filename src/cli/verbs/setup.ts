import { UsageError } from '../../runtime/errors.ts'
import { setUpElasticsearch } from '../../app/setup.ts'
import { textFlag, type Verb } from '../verb.ts'

/** `setup elasticsearch`: templates and dashboards, once, with a role that may do just that. */
export const setup: Verb = {
  name: 'setup elasticsearch',
  summary: 'installs templates and the data stream, and with --kibana the data view and dashboard',
  usage:
    '--node URL [--sink NAME] [--user NAME --password REF | --api-key REF] [--ca FILE] [--namespace NAME] [--kibana URL]',
  examples: [
    'modelward setup elasticsearch --node https://es.example.com:9200 --api-key ${env:ES_SETUP_KEY}',
    'modelward setup elasticsearch -c modelward.yaml --sink siem --kibana https://kibana.example.com',
  ],
  options: {
    node: { type: 'string' },
    sink: { type: 'string' },
    user: { type: 'string' },
    password: { type: 'string' },
    'api-key': { type: 'string' },
    ca: { type: 'string' },
    namespace: { type: 'string' },
    kibana: { type: 'string' },
  },
  async run(call) {
    const { io } = call
    const option = (name: string): string | undefined => textFlag(call, name)
    if (option('node') === undefined && option('sink') === undefined)
      throw new UsageError('modelward setup elasticsearch needs --node URL, or -c FILE with --sink NAME')
    const report = await setUpElasticsearch(
      {
        config: option('config'),
        sink: option('sink'),
        node: option('node'),
        user: option('user'),
        password: option('password'),
        apiKey: option('api-key'),
        ca: option('ca'),
        namespace: option('namespace'),
        kibana: option('kibana'),
      },
      call.signal,
    )
    for (const step of report.steps)
      if (io.asJson) io.json({ kind: 'step', ...step })
      else io.line(`${step.done ? 'done   ' : 'FAILED '} ${step.name}${step.detail ? `: ${step.detail}` : ''}`)
    return report.steps.every(({ done }) => done) ? 0 : 1
  },
}
