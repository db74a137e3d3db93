import { alertsDashboard } from './alerts-dashboard.ts'
import { templates } from './templates.ts'

/** Every generated file: its path under `dashboards/`, and its text. */
export function artefacts(): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  files.set(
    'kibana.ndjson',
    alertsDashboard()
      .map((object) => `${JSON.stringify(object)}\n`)
      .join(''),
  )
  for (const [name, content] of Object.entries(templates()))
    files.set(`templates/${name}`, `${JSON.stringify(content, undefined, 2)}\n`)
  return files
}
