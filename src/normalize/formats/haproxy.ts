import type { Fields } from '../../contract/event.ts'
import { accessLogDraft, describeAccess, isAccessLog } from '../shape/access-log.ts'
import { type Format, logsource } from '../shape/format.ts'

/** HAProxy HTTP logs written as JSON under the names that `docs` sets. */
export const haproxy: Format = {
  name: 'haproxy',
  summary: 'HAProxy HTTP logs in JSON (log-format %{+json}o)',
  recognises: (fields) => isAccessLog(fields) && isHaproxyLog(fields),
  toEvents: (fields) => [
    accessLogDraft(fields, HAPROXY, (ecs, record) => {
      describeAccess(ecs, record, 'haproxy')
      ecs.word('service.name', record['backend'])
      ecs.word('service.node.name', record['server'])
      ecs.word('modelward.haproxy.termination', record['termination_state'])
    }),
  ],
  example: {
    msec: 1767614400123,
    remote_addr: '203.0.113.7',
    frontend: 'api',
    backend: 'models',
    server: 'vllm1',
    request_method: 'POST',
    request_uri: '/v1/chat/completions',
    status: 429,
    body_bytes_sent: 212,
    request_time_ms: 31,
    termination_state: 'PR--',
    http_user_agent: 'python-httpx/0.27.0',
    api_key_hash: '307527ac504eb6e9ed11ce5e2d6e0342c09335eced2e9c10b360667b2b81cd56',
  },
  docs: `# The bearer key is hashed before it is written: never log it. (HAProxy 3.0 or later)
http-request set-var(txn.key_hash) http_auth_bearer,sha2(256),hex,lower
http-request capture req.hdr(user-agent) len 128
log-format "%{+json}o %(msec)[accept_date(ms)] %(remote_addr)ci %(frontend)f %(backend)b %(server)s %(request_method)HM %(request_uri)HU %(status:sint)ST %(body_bytes_sent:sint)B %(request_time_ms:sint)Ta %(termination_state)tsc %(http_user_agent)[capture.req.hdr(0)] %(api_key_hash)[var(txn.key_hash)]"`,
}

const HAPROXY = logsource('haproxy', undefined, 'webserver')

/** Only HAProxy has a termination state, or a frontend and a backend. */
export function isHaproxyLog(fields: Fields): boolean {
  return 'termination_state' in fields || ('frontend' in fields && 'backend' in fields)
}
