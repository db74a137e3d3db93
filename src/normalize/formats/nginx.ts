import { accessLogDraft, describeAccess, isAccessLog } from '../shape/access-log.ts'
import { type Format, logsource } from '../shape/format.ts'
import { isHaproxyLog } from './haproxy.ts'

/** nginx access logs written as JSON under nginx's own variable names. */
export const nginx: Format = {
  name: 'nginx',
  summary: 'nginx access logs in JSON (log_format … escape=json)',
  recognises: (fields) => isAccessLog(fields) && 'remote_addr' in fields && !isHaproxyLog(fields),
  toEvents: (fields) => [accessLogDraft(fields, NGINX, (ecs, record) => describeAccess(ecs, record, 'nginx'))],
  example: {
    time_iso8601: '2026-01-05T12:00:00+00:00',
    remote_addr: '203.0.113.7',
    remote_user: '',
    request_method: 'POST',
    request_uri: '/v1/chat/completions',
    server_protocol: 'HTTP/1.1',
    status: '200',
    body_bytes_sent: '512',
    request_length: '340',
    request_time: '0.834',
    upstream_addr: '10.0.0.3:8000',
    http_user_agent: 'openai-python/1.40.0',
    host: 'api.example.com',
    request_id: '7c4b5e0a1f2d3c4b5a6978695a4b3c2d',
    api_key_hash: '307527ac504eb6e9ed11ce5e2d6e0342c09335eced2e9c10b360667b2b81cd56',
  },
  docs: `# The key is hashed before it is written: never log it. (njs module)
js_import keys from /etc/nginx/keys.js;
js_set $api_key_hash keys.hash;
log_format modelward escape=json '{"time_iso8601":"$time_iso8601","remote_addr":"$remote_addr","remote_user":"$remote_user",'
  '"request_method":"$request_method","request_uri":"$request_uri","status":"$status","body_bytes_sent":"$body_bytes_sent",'
  '"request_length":"$request_length","request_time":"$request_time","http_user_agent":"$http_user_agent","host":"$host",'
  '"request_id":"$request_id","api_key_hash":"$api_key_hash"}';
access_log /var/log/nginx/modelward.json modelward;
# /etc/nginx/keys.js
import crypto from 'crypto'
function hash(r) {
  const key = (r.headersIn['Authorization'] || r.headersIn['api-key'] || '').replace(/^Bearer\\s+/i, '')
  return key ? crypto.createHash('sha256').update(key).digest('hex') : ''
}
export default { hash }`,
}

const NGINX = logsource('nginx', undefined, 'webserver')
