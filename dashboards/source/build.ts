import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { artefacts } from './artefacts.ts'

/** `node dashboards/source/build.ts` writes the generated files; a test fails when they are older than their source. */
for (const [name, text] of artefacts()) {
  const path = join(import.meta.dirname, '..', name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
