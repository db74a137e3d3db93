import type { Plugin } from '../../contract/plugin.ts'
import type { Problem } from '../../runtime/errors.ts'
import type { ConfigDocument } from './document.ts'

/** One plug-in as the config asks for it: which, under what name, with its own part checked. */
export interface Instance<Part, Context> {
  readonly name: string
  readonly kind: string
  readonly plugin: Plugin<Part, unknown, Context>
  readonly config: unknown
}

/**
 * Reads a list such as `collect:`; each entry is `kind`, an optional `name` and the plug-in's own keys. `common` are keys
 * that the house reads for every plug-in of the room; they are handed back and not shown to the plug-in.
 */
export function readInstances<Part, Context>(
  document: ConfigDocument,
  section: string,
  entries: readonly Readonly<Record<string, unknown>>[],
  plugins: readonly Plugin<Part, unknown, Context>[],
): { readonly instances: readonly Instance<Part, Context>[]; readonly problems: readonly Problem[] } {
  const instances: Instance<Part, Context>[] = []
  const problems: Problem[] = []
  const names = new Set<string>()
  for (const [index, entry] of entries.entries()) {
    const { kind, name: named, ...own } = entry
    const plugin = plugins.find((candidate) => candidate.kind === kind)
    if (!plugin) {
      const cure = `Use one of: ${plugins.map((candidate) => candidate.kind).join(', ')}`
      problems.push(document.problem([section, index, 'kind'], `"${String(kind)}" is no kind of ${section}`, cure))
      continue
    }
    const name = typeof named === 'string' ? named : plugin.kind
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name))
      problems.push(
        document.problem([section, index, 'name'], `"${name}" is no name`, 'Use a-z, 0-9 and -, at most 63 characters'),
      )
    if (names.has(name))
      problems.push(
        document.problem(
          [section, index],
          `the name "${name}" is used twice`,
          'Give each entry a name of its own with `name:`',
        ),
      )
    names.add(name)
    const parsed = plugin.config.safeParse(own)
    if (parsed.success) instances.push({ name, kind: plugin.kind, plugin, config: parsed.data })
    else problems.push(...document.problems(parsed.error, [section, index]))
  }
  return { instances, problems }
}
