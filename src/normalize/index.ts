import { azureMonitor } from './formats/azure-monitor.ts'
import { bedrockInvocation } from './formats/bedrock-invocation.ts'
import { cloudtrail } from './formats/cloudtrail.ts'
import { haproxy } from './formats/haproxy.ts'
import { json } from './formats/json.ts'
import { kubernetes } from './formats/kubernetes.ts'
import { litellm } from './formats/litellm.ts'
import { nginx } from './formats/nginx.ts'
import { otlp } from './formats/otlp.ts'
import { windowsEvent } from './formats/windows-event.ts'
import type { Format } from './shape/format.ts'

/** Every format that modelward reads by itself. A new one is one file and one line here. */
export const formats: readonly Format[] = [
  litellm,
  cloudtrail,
  kubernetes,
  azureMonitor,
  otlp,
  bedrockInvocation,
  haproxy,
  nginx,
  windowsEvent,
  json,
]
